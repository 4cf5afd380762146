"""LiveProcess: frames and sound of a live source as they come, by one ffmpeg."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from math import prod

import numpy as np

from model.inputs.ffmpeg.error_messages import error_lines
from model.inputs.ffmpeg.kernel_sandbox import start_confined
from model.inputs.ffmpeg.sandbox import CHUNK_BYTES, POLL_SECONDS
from model.inputs.frames.frame import Frame
from model.inputs.frames.showinfo import ShownTimes
from model.inputs.sound.sound_decoder import BYTES_PER_SAMPLE
from model.inputs.streaming.feed import Feed, is_fed
from model.inputs.streaming.live_command import live_command
from model.inputs.streaming.sound_stream import Samples
from model.spec.input_spec import InputSpec

_SIZE = re.compile(r"\[showinfo@run0 @ 0x[0-9a-f]+\] \[info\] n:.* s:(\d+)x(\d+) ")
_RATE = re.compile(r"\[info\]\s+Stream #0:\d+.*: Video: .*?, (\d+(?:\.\d+)?) fps")
# In whichever words versions of ffmpeg say that there is no such stream.
_NO_SOUND = "'0:a:0'"
# Where sound stays away for so long it is taken for silence.
MAX_AHEAD_SECONDS = 4.0


class LiveProcess:
    """A context. Frames are to be asked for all the time: what is not read keeps the source
    waiting. It ends when the source does, or when `stopped` is set.

    `has_no_sound`: it ended because the source has none; it should be started without.
    """

    def __init__(
        self,
        source: str,
        inputs: InputSpec,
        stopped: threading.Event,
        *,
        with_sound: bool,
        feed: Feed,
    ) -> None:
        self._inputs, self._stopped = inputs, stopped
        self._shown = ShownTimes(1)
        self._shape: tuple[int, int, int] | None = None
        self._output, self._log, self._heard = bytearray(), bytearray(), bytearray()
        self._frames: deque[Frame] = deque()
        self.frame_rate: float | None = None
        self.num_errors = 0
        self.has_no_sound = False
        self.messages: deque[str] = deque(maxlen=3)
        self.last_seconds: float | None = None
        self.last_read = time.monotonic()
        self._zero: float | None = None  # When the first frame comes: a source may be joined.
        self._num_heard = self._num_dropped = 0
        ours, theirs = os.pipe() if with_sound else (None, None)
        self._sound_pipe = ours
        self._process = start_confined(
            live_command(source, inputs, sound_descriptor=theirs),
            stdin=subprocess.PIPE if is_fed(source) else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=() if theirs is None else (theirs,),
            bufsize=0,
            process_group=0,
        )
        if theirs is not None:
            os.close(theirs)
        if self._process.stdin is not None:
            feed.into(self._process.stdin)
        self._selector = selectors.DefaultSelector()
        for pipe, into in self._pipes():
            self._selector.register(pipe, selectors.EVENT_READ, into)

    def _pipes(self) -> Iterator[tuple[int, bytearray]]:
        if self._process.stdout is None or self._process.stderr is None:
            raise ValueError("the process needs pipes for its output and its errors")
        yield self._process.stdout.fileno(), self._output
        yield self._process.stderr.fileno(), self._log
        if self._sound_pipe is not None:
            yield self._sound_pipe, self._heard

    def __enter__(self) -> LiveProcess:
        return self

    def __exit__(self, *error: object) -> None:
        self._selector.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        if self._sound_pipe is not None:
            os.close(self._sound_pipe)

    def __iter__(self) -> Iterator[Frame]:
        """Each later than the one before, until the source ends."""
        last = -np.inf
        while self._frames or self.turn():
            while self._frames:
                frame = self._frames.popleft()
                if frame.seconds > last:
                    last = frame.seconds
                    yield frame

    def read(self, count: int) -> Samples:
        """The next samples, waited for; silence where frames are far ahead of the sound, and fewer
        only at the end."""
        size, rate = count * BYTES_PER_SAMPLE, self._inputs.audio.sample_rate
        self._drop_what_was_before()
        while len(self._heard) < size:
            if (self.last_seconds or 0.0) - self._num_heard / rate > MAX_AHEAD_SECONDS:
                self._heard += bytes(size - len(self._heard))
            elif not self.turn():
                break
        content = bytes(self._heard[:size])
        del self._heard[: len(content)]
        samples = np.frombuffer(content[: len(content) // 4 * 4], dtype="<f4")
        self._num_heard += len(samples)
        return np.repeat(np.nan_to_num(samples)[:, None], 2, axis=1)

    def _drop_what_was_before(self) -> None:
        """Sound from before the first frame; some sources begin with it."""
        rest = round((self._zero or 0.0) * self._inputs.audio.sample_rate) * BYTES_PER_SAMPLE
        while rest > self._num_dropped and (self._heard or self.turn()):
            count = min(len(self._heard), rest - self._num_dropped)
            del self._heard[:count]
            self._num_dropped += count

    def turn(self) -> bool:
        """Reads what there is, or waits a moment for it; False once everything has ended."""
        if self._stopped.is_set():
            return False
        for key, _ in self._selector.select(POLL_SECONDS):
            chunk = os.read(key.fd, CHUNK_BYTES)
            key.data.extend(chunk)
            if not chunk:
                self._selector.unregister(key.fileobj)
        self._read_log()
        self._read_frames()
        return bool(self._selector.get_map())

    def _read_log(self) -> None:
        end = self._log.rfind(b"\n") + 1
        if not end:
            return
        lines = self._log[:end].decode("utf-8", "replace")
        del self._log[:end]
        self._shown.read(lines)
        if self._shape is None and (size := _SIZE.search(lines)):
            self._shape = (int(size.group(2)), int(size.group(1)), 3)
        if self.frame_rate is None and (rate := _RATE.search(lines)):
            self.frame_rate = float(rate.group(1))
        errors = error_lines(lines)
        self.has_no_sound = self.has_no_sound or any(_NO_SOUND in error for error in errors)
        self.num_errors += len(errors)
        self.messages.extend(errors)

    def _read_frames(self) -> None:
        times = self._shown.times[0]
        while self._shape is not None and times and len(self._output) >= prod(self._shape):
            size = prod(self._shape)
            pixels = np.frombuffer(bytes(self._output[:size]), dtype=np.uint8)
            del self._output[:size]
            seconds = times.pop(0)
            self._zero = seconds if self._zero is None else self._zero
            frame = Frame(seconds - self._zero, pixels.reshape(self._shape))
            self.last_seconds, self.last_read = frame.seconds, time.monotonic()
            self._frames.append(frame)
