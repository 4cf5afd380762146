"""FrameReader: frames of runs by one ffmpeg process, with the times at which they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.inputs.cage import Finished, Patience, run_caged
from model.inputs.complaints import error_lines, while_decoding
from model.inputs.frame_command import frames_command, scaled_size
from model.inputs.limits import DecodeLimits
from model.inputs.runs import Run
from model.inputs.showinfo import shown_times
from model.inputs.video import VideoInfo

Pixels = NDArray[np.uint8]  # (H, W, 3), RGB


@dataclass(frozen=True, slots=True)
class Frame:
    """`seconds` on the video's time axis tell frames apart: no two have the same."""

    seconds: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class FrameReader:
    """Raises what the cage raises."""

    path: Path
    info: VideoInfo
    short_side: int
    limits: DecodeLimits
    patience: Patience

    def read(self, run: Run, *, threads: int) -> tuple[list[Frame], str]:
        """The run's frames in order of time, and complaints."""
        finished = self._run([run], threads)
        if threads > 1 and not _is_clean(finished):
            # Threads patch up a damaged stream differently each time, which would change answers.
            finished = self._run([run], 1)
        (times,) = shown_times(finished.errors, 1)
        return self._frames(times, self._images(finished)), _complaints(run, finished)

    def read_together(self, runs: Sequence[Run]) -> list[list[Frame]] | None:
        """Each run's frames in order of time; None where anything at all was wrong: it would not
        be known in which of the runs."""
        finished = self._run(runs, 1)
        times = shown_times(finished.errors, len(runs))
        count = sum(len(of_run) for of_run in times)
        if not _is_clean(finished) or len(finished.output) != count * self._frame_bytes:
            return None
        images = self._images(finished)
        return [self._frames(of_run, images) for of_run in times]

    def _run(self, runs: Sequence[Run], threads: int) -> Finished:
        command = frames_command(
            self.path, self.info, self.short_side, runs, limits=self.limits, threads=threads
        )
        return run_caged(
            command,
            limits=self.limits,
            patience=self.patience,
            max_output_bytes=self._frame_bytes * sum(run.max_frames for run in runs),
        )

    def _images(self, finished: Finished) -> Iterator[Pixels]:
        width, height = scaled_size(self.info, self.short_side)
        count = len(finished.output) // self._frame_bytes
        flat = np.frombuffer(finished.output, dtype=np.uint8, count=count * self._frame_bytes)
        return iter(flat.reshape(count, height, width, 3))

    def _frames(self, times: Sequence[float], images: Iterator[Pixels]) -> list[Frame]:
        """Takes one image for each time, while there are any."""
        zero = self.info.start_seconds
        frames = {
            time - zero: Frame(time - zero, image)
            for time, image in zip(times, images, strict=False)
        }
        return [frames[time] for time in sorted(frames)]

    @property
    def _frame_bytes(self) -> int:
        width, height = scaled_size(self.info, self.short_side)
        return width * height * 3


def _is_clean(finished: Finished) -> bool:
    return finished.status == 0 and not error_lines(finished.errors)


def _complaints(run: Run, finished: Finished) -> str:
    """Of a failure everything. Else what was said about the frames, but not after a seek, as
    decoders grumble until they meet a key frame."""
    if finished.status != 0:
        return finished.errors
    log = while_decoding(finished.errors) if run.begin_seconds == 0 else ""
    return log if error_lines(log) else ""
