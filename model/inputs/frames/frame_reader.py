"""FrameReader: frames of runs by one ffmpeg process, with the times at which they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import error_lines, while_decoding
from model.inputs.ffmpeg.sandbox import Deadlines, Finished, run_pipeline
from model.inputs.frames.early_frames import NOTHING, Awaited, EarlyFrames
from model.inputs.frames.frame import Frame, Pixels
from model.inputs.frames.frame_command import frames_commands, scaled_size
from model.inputs.frames.showinfo import shown_times
from model.inputs.placement.runs import Run
from model.inputs.probing.video_info import VideoInfo

# Its pixels, and the frame that they became early.
_Image = tuple[Pixels, Frame | None]


@dataclass(frozen=True, slots=True)
class FrameReader:
    """Raises what the sandbox raises. `awaited` are told of segments while decoding goes on."""

    path: Path
    info: VideoInfo
    short_side: int
    limits: DecodeLimits
    deadlines: Deadlines
    awaited: Awaited = NOTHING

    def read(self, run: Run, *, threads: int) -> tuple[list[Frame], str]:
        """The run's frames in order of time, and messages."""
        finished, early = self._run([run], threads)
        if threads > 1 and not _is_clean(finished):
            # Threads patch up a damaged stream differently each time, which would change answers.
            finished, early = self._run([run], 1)
        (times,) = shown_times(finished.errors, 1)
        return self._frames(times, self._images(finished, early)), _messages(run, finished)

    def read_together(self, runs: Sequence[Run]) -> list[list[Frame]] | None:
        """Each run's frames in order of time; None where anything at all was wrong: it would not
        be known in which of the runs."""
        finished, early = self._run(runs, 1)
        times = shown_times(finished.errors, len(runs))
        count = sum(len(of_run) for of_run in times)
        if not _is_clean(finished) or len(finished.output) != count * self._frame_bytes:
            return None
        images = self._images(finished, early)
        return [self._frames(of_run, images) for of_run in times]

    def _run(self, runs: Sequence[Run], threads: int) -> tuple[Finished, EarlyFrames]:
        commands = frames_commands(
            self.path, self.info, self.short_side, runs, limits=self.limits, threads=threads
        )
        zero = self.info.start_seconds
        early = EarlyFrames(self.awaited, runs, shape=self._shape, zero_seconds=zero)
        finished = run_pipeline(
            commands,
            limits=self.limits,
            deadlines=self.deadlines,
            max_output_bytes=self._frame_bytes * sum(run.max_frames for run in runs),
            follow=early.follow if self.awaited.indices else None,
        )
        return finished, early

    def _images(self, finished: Finished, early: EarlyFrames) -> Iterator[_Image]:
        count = len(finished.output) // self._frame_bytes
        flat = np.frombuffer(finished.output, dtype=np.uint8, count=count * self._frame_bytes)
        for position, pixels in enumerate(flat.reshape(count, *self._shape)):
            yield pixels, early.frames.get(position)

    def _frames(self, times: Sequence[float], images: Iterator[_Image]) -> list[Frame]:
        """Takes one image for each time, while there are any."""
        frames = {}
        for time, (pixels, early) in zip(times, images, strict=False):
            seconds = time - self.info.start_seconds
            is_same = early is not None and early.seconds == seconds
            frames[seconds] = early if early and is_same else Frame(seconds, pixels)
        return [frames[seconds] for seconds in sorted(frames)]

    @property
    def _shape(self) -> tuple[int, int, int]:
        width, height = scaled_size(self.info, self.short_side)
        return height, width, 3

    @property
    def _frame_bytes(self) -> int:
        return prod(self._shape)


def _is_clean(finished: Finished) -> bool:
    return finished.status == 0 and not error_lines(finished.errors)


def _messages(run: Run, finished: Finished) -> str:
    """Of a failure everything. Else what was said about the frames, but not after a seek, as
    decoders grumble until they meet a key frame."""
    if finished.status != 0:
        return finished.errors
    log = while_decoding(finished.errors) if run.begin_seconds == 0 else ""
    return log if error_lines(log) else ""
