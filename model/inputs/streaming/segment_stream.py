"""SegmentStream: what the networks can ask of each segment of a video, in order of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from model.inputs.arrays import Crop, FrameArrays
from model.inputs.frames.frame import Frame
from model.inputs.frames.segment_frames import fill
from model.inputs.placement.matching import match
from model.inputs.placement.runs import MARGIN_STEPS, Run
from model.inputs.placement.sampling import NetworksInUse, needed_offsets
from model.inputs.placement.segments import Plan
from model.inputs.sound.audio import Sound, window_start
from model.inputs.sound.spectrogram import spectrogram
from model.inputs.streaming.slots import Slots
from model.inputs.streaming.sound_stream import SoundStream
from model.inputs.video_inputs import VideoInputs

# After a frame that is on display for so long some are lost, if frames come at a constant rate, or
# the decoder complained.
STALE_SECONDS = 1.0


class FrameSource(Protocol):
    """Frames in order of time, and how many errors there were so far."""

    num_errors: int

    def __iter__(self) -> Iterator[Frame]: ...


@dataclass(frozen=True, slots=True)
class StreamedSegment:
    """One slot of a stream, [start_seconds, end_seconds), with the inputs of its segment alone;
    None, and the reason, where none could be had."""

    slot: int
    start_seconds: float
    end_seconds: float
    video: VideoInputs | None
    reason: str | None = None


class SegmentStream:
    """Reads frames, and sound where there is any, as far as the next segment needs them."""

    def __init__(
        self,
        networks: NetworksInUse,
        slots: Slots,
        frames: FrameSource,
        sound: SoundStream | None,
        *,
        is_unheard: bool = False,
        shown_at: Callable[[float], float | None] | None = None,
    ) -> None:
        """`is_unheard`: there is sound, but no network listens. `shown_at`: when, by the packets,
        the frame came that is on display at a moment; None where they do not tell."""
        self._networks, self._slots = networks, slots
        self._source, self._frames = frames, iter(frames)
        self._sound, self._is_unheard = sound, is_unheard
        self._shown_at = shown_at
        self._paused_at: float | None = None  # When the frame came that is on display for long.
        self._offsets = needed_offsets(networks) or (0,)
        self._kept: deque[Frame] = deque()
        self.is_over = False

    @property
    def last_seconds(self) -> float | None:
        """When the last frame came that was read; None before any."""
        return self._kept[-1].seconds if self._kept else None

    def segment(self, slot: int) -> StreamedSegment | None:
        """The inputs of a slot later than those asked for before; None where no frame is left."""
        plan = self._slots.plan(slot)
        first = plan.segments[0].first_frame
        wanted = [min(first + offset, plan.last_frame) for offset in self._offsets]
        run = Run(tuple(sorted(set(wanted))), plan.rate, plan.is_own_rate, 0.0, ())
        self._read_past(run)
        start, end = self._slots.span(slot)
        if not self._kept or (self.is_over and self._kept[-1].seconds < start - STALE_SECONDS):
            return None
        self._let_go(run)
        if self._has_lost(run):
            return StreamedSegment(slot, start, end, None, "no frame of it could be decoded")
        frames = self._shown(run, first)
        return StreamedSegment(slot, start, end, self._video(slot, plan, frames))

    def _read_past(self, run: Run) -> None:
        """Until no frame nearer to the last wanted one can come."""
        beside = MARGIN_STEPS if run.is_own_rate else 1.0
        until = (run.wanted[-1] + beside) / run.rate
        while not self.is_over and (not self._kept or self._kept[-1].seconds < until):
            frame = next(self._frames, None)
            if frame is None:
                self.is_over = True
            else:
                self._kept.append(frame)

    def _let_go(self, run: Run) -> None:
        """Of frames before the first wanted one; the one on display there stays."""
        begin = (run.wanted[0] - 1.5) / run.rate
        while len(self._kept) > 1 and self._kept[1].seconds <= begin:
            self._kept.popleft()

    def _has_lost(self, run: Run) -> bool:
        """Whether what would be shown is but what was on display before."""
        begin, end = run.wanted[0] / run.rate, run.wanted[-1] / run.rate
        before = [frame for frame in self._kept if frame.seconds <= end]
        if not before or before[-1].seconds > begin - STALE_SECONDS:
            return False
        if self._source.num_errors > 0 or not self._slots.info.constant_frame_rate:
            return self._source.num_errors > 0
        return not self._is_pause(before[-1].seconds, begin)

    def _is_pause(self, came: float, begin: float) -> bool:
        """Whether no frame is missing: there is none between."""
        if self._shown_at is not None and self._paused_at != came:
            shown = self._shown_at(begin)
            self._paused_at = came if shown is not None and shown < came + STALE_SECONDS else None
        return self._paused_at == came

    def _shown(self, run: Run, first: int) -> dict[int, Frame]:
        frames = list(self._kept)
        positions = match(run, [frame.seconds for frame in frames])
        chosen = {index: frames[at] for index, at in zip(run.wanted, positions, strict=True)}
        return fill(sorted(first + offset for offset in self._offsets), chosen)

    def _video(self, slot: int, plan: Plan, frames: Mapping[int, Frame]) -> VideoInputs:
        spec = self._networks.spec
        segment = replace(plan.segments[0], index=slot)
        arrays = FrameArrays.of(spec.inputs, frames, Crop())
        info, plan_of_one = self._slots.info, replace(plan, segments=(segment,))
        return VideoInputs(spec, info, plan_of_one, arrays, self._heard(plan), ())

    def _heard(self, plan: Plan) -> Sound:
        if self._sound is None:
            return replace(Sound.none(plan), is_unheard=self._is_unheard)
        spec = self._networks.spec.inputs
        window = self._sound.window(window_start(plan, 0, spec))
        return Sound((None if window is None else spectrogram(window, spec.audio),), ())
