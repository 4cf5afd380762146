"""LiveStream: segments of a live source; some are skipped rather than that it falls behind."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from model.inputs.placement.sampling import NetworksInUse
from model.inputs.probing.video_info import VideoInfo
from model.inputs.streaming.feed import STANDARD_INPUT, Feed
from model.inputs.streaming.live_process import LiveProcess
from model.inputs.streaming.segment_stream import SegmentStream, StreamedSegment
from model.inputs.streaming.slots import Slots
from model.inputs.streaming.sound_stream import SoundStream

# Segments that wait to be recognised; a new one that finds no room is skipped.
WAITING = 3
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0
# A source that held so long has earned a first, short wait again.
STEADY_SECONDS = 30.0
_POLL_SECONDS = 0.1
# A live source has no end.
_ENDLESS_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """`connection` counts how often the source was opened, from 1; `skipped` how many segments were
    left out before this one. `offset_seconds` is where the connection's time begins since the
    first; `ended` is when, by the monotonic clock, the segment's last frame had come."""

    segment: StreamedSegment
    connection: int
    skipped: int
    offset_seconds: float
    ended: float


@dataclass(slots=True)
class LiveStream:
    """A thread reads the source, and reads it again when it ends; `next` gives what it found.

    `on_wait` is told, by that thread, why the source ended and how many seconds it will be waited.
    """

    source: str
    networks: NetworksInUse
    every_seconds: float
    on_wait: Callable[[str, float], None]
    _found: queue.Queue[LiveSegment | None] = field(default_factory=lambda: queue.Queue(WAITING))
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _hears: bool = True
    _reached: float = 0.0  # What was sent faster than it plays is not to be told of again.
    _feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        self._feed = Feed(self.source, self._stopped)

    def start(self) -> None:
        self._hears = self.networks.listen
        self._thread = threading.Thread(target=self._work, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def next(self, seconds: float) -> LiveSegment | None:
        """The next segment; None at the end, of standard input alone. Raises queue.Empty where
        none comes in time."""
        return self._found.get(timeout=seconds)

    def _work(self) -> None:
        begun = time.monotonic()
        wait, connection = FIRST_WAIT_SECONDS, 0
        while not self._stopped.is_set():
            opened = time.monotonic()
            why = self._read(
                connection + 1, max(opened - begun, self._reached) if connection else 0.0
            )
            if why is None:
                continue  # At once, without sound.
            if self.source == STANDARD_INPUT or self._stopped.is_set():
                break
            connection += 1
            if time.monotonic() - opened > STEADY_SECONDS:
                wait = FIRST_WAIT_SECONDS
            self.on_wait(why, wait)
            self._stopped.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        while not self._stopped.is_set() and not self._offer(None):
            self._stopped.wait(_POLL_SECONDS)

    def _read(self, connection: int, offset: float) -> str | None:
        """One connection; why it ended, or None where it is to be tried without sound."""
        with LiveProcess(
            self.source,
            self.networks.spec.inputs,
            self._stopped,
            with_sound=self._hears,
            feed=self._feed,
        ) as process:
            self._pass_on(process, connection, offset)
            if process.has_no_sound and self._hears:
                self._hears = False
                return None
            return process.messages[-1] if process.messages else "the source ended"

    def _pass_on(self, process: LiveProcess, connection: int, offset: float) -> None:
        slots = self._slots(process)
        if process.last_seconds is None:
            return
        self._feed.settle()
        inputs = self.networks.spec.inputs
        sound = SoundStream(process, inputs.audio) if self._hears else None
        stream = SegmentStream(self.networks, slots, process, sound)
        slot = skipped = 0
        while (segment := stream.segment(slot)) is not None and not self._stopped.is_set():
            if stream.is_over and segment.video is None:
                break
            found = LiveSegment(segment, connection, skipped, offset, process.last_read)
            skipped = 0 if self._offer(found) else skipped + 1
            self._reached = offset + segment.end_seconds
            slot += 1

    def _offer(self, found: LiveSegment | None) -> bool:
        try:
            self._found.put_nowait(found)
        except queue.Full:
            return False
        return True

    def _slots(self, process: LiveProcess) -> Slots:
        while process.last_seconds is None and process.turn():
            if self._stopped.is_set():
                break
        rate = process.frame_rate or self.networks.spec.inputs.grid_frame_rate
        info = VideoInfo(
            duration_seconds=_ENDLESS_SECONDS,
            width=0,
            height=0,
            frame_rate=rate,
            constant_frame_rate=True,
            container="live",
            video_codec="",
            audio_codec=None,
            rotation_degrees=0,
            start_offset_seconds=0.0,
        )
        return Slots(info, self.networks.spec.inputs, self.every_seconds)
