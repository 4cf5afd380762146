"""FrameStream: a video's frames in order of time, decoded as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from model.common.deadline import Deadline
from model.common.errors import VideoError
from model.inputs.ffmpeg.continuous import ContinuousPipeline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import (
    error_lines,
    is_opened,
    no_frame_error,
    while_decoding,
    without_readers,
)
from model.inputs.frames.frame import Frame
from model.inputs.frames.frame_command import frames_commands, scaled_size
from model.inputs.frames.showinfo import ShownTimes
from model.inputs.placement.runs import Run
from model.inputs.probing.video_info import VideoInfo

# A second of a large frame's video may take so many seconds of a processor.
PROCESSOR_SECONDS_A_SECOND = 8
# Of what ffmpeg says, this much is kept: about the opening, and about the frames.
MAX_LOG_CHARACTERS = 32_000
# Frames may come a little before the first, and any time after.
_BEFORE_SECONDS, _MARGIN_SECONDS = 1.0, 60.0


def limits_of_stream(limits: DecodeLimits, seconds: float) -> DecodeLimits:
    """Processor time in proportion to the length; `wall_seconds` then bounds each frame."""
    return replace(
        limits, cpu_seconds=limits.cpu_seconds + round(PROCESSOR_SECONDS_A_SECOND * seconds)
    )


class FrameStream:
    """An iterator and a context. On one thread: several would patch up a damaged stream
    differently each time.

    Raises what ContinuousPipeline raises, while frames are asked for.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        *,
        short_side: int,
        rate: float,
        limits: DecodeLimits,
        deadline: Deadline,
    ) -> None:
        """`rate`: of the grid; much faster frames are thinned, see `select_expression`."""
        until = info.duration_seconds + _MARGIN_SECONDS
        everything = Run((0,), rate, False, 0.0, ((-_BEFORE_SECONDS, until),))
        self._limits = limits = limits_of_stream(limits, info.duration_seconds)
        commands = frames_commands(path, info, short_side, [everything], limits=limits, threads=1)
        width, height = scaled_size(info, short_side)
        self._shape = (height, width, 3)
        self._zero_seconds = info.start_seconds
        self._shown = ShownTimes(1)
        self._opening, self.messages = "", ""
        self._is_opened = False
        self.num_errors = 0
        self._pipeline = ContinuousPipeline(
            commands, limits=limits, deadline=deadline, on_lines=self._read_lines
        )

    def __enter__(self) -> FrameStream:
        return self

    def __exit__(self, *error: object) -> None:
        self._pipeline.__exit__(None, None, None)

    def __iter__(self) -> Iterator[Frame]:
        """Each later than the one before."""
        last = -np.inf
        while (frame := self._next()) is not None:
            if frame.seconds > last:
                yield frame
                last = frame.seconds

    def _next(self) -> Frame | None:
        size = prod(self._shape)
        content = self._pipeline.read(size)
        times = self._shown.times[0]
        while not times and self._pipeline.status is None and self._pipeline.wait_for_log():
            pass
        if len(content) < size or not times:
            return None
        pixels = np.frombuffer(content, dtype=np.uint8).reshape(self._shape)
        return Frame(times.pop(0) - self._zero_seconds, pixels)

    def _read_lines(self, lines: str) -> None:
        self._shown.read(lines)
        if not self._is_opened:
            self._opening += lines[: MAX_LOG_CHARACTERS - len(self._opening)]
            self._is_opened, lines = is_opened(lines), while_decoding(lines)
        elif "[error]" in lines or "[fatal]" in lines:
            lines = without_readers(lines)
        else:
            return
        self.num_errors += (count := len(error_lines(lines)))
        if count:
            self.messages += lines[: MAX_LOG_CHARACTERS - len(self.messages)] + "\n"

    def no_frame_error(self, path: Path) -> VideoError:
        """For a stream that gave none."""
        return no_frame_error(self._opening + self.messages, path, self._limits)
