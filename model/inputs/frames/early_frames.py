"""Segments whose frames are all there while ffmpeg is still decoding others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from model.inputs.ffmpeg.sandbox import ERROR_HEAD_BYTES
from model.inputs.frames.frame import Frame
from model.inputs.frames.showinfo import ShownTimes
from model.inputs.placement.matching import match
from model.inputs.placement.runs import MARGIN_STEPS, Run

OnFrames = Callable[[int, Mapping[int, Frame]], None]


@dataclass(frozen=True, slots=True)
class Awaited:
    """The grid indices that each segment, by its number, shows, and who is told of its frames."""

    indices: Mapping[int, Sequence[int]]
    tell: OnFrames


NOTHING = Awaited({}, lambda number, frames: None)


class EarlyFrames:
    """Follows what one process writes, and tells of every segment once its frames are there.

    A guess: a process that ends badly is run again, and then gives other frames. Those it told of
    are `frames`, by their number in what the process wrote; the very same should be used later.
    """

    def __init__(
        self, awaited: Awaited, runs: Sequence[Run], *, shape: Sequence[int], zero_seconds: float
    ) -> None:
        """`shape`: (H, W, 3); `zero_seconds`: where the video's time axis begins on the log's."""
        self._awaited = awaited
        self._runs = runs
        self._shape = shape
        self._frame_bytes = prod(shape)
        self._zero_seconds = zero_seconds
        self._shown = ShownTimes(len(runs))
        self._num_read = self._num_frames = 0
        self.frames: dict[int, Frame] = {}
        self._waiting = [_within(run, awaited) for run in runs]

    def follow(self, output: bytearray, errors: bytearray) -> None:
        """All that the process has written so far; the log first, which is ahead of the frames."""
        if len(errors) > ERROR_HEAD_BYTES:
            return
        end, num_frames = errors.rfind(b"\n") + 1, len(output) // self._frame_bytes
        if (end, num_frames) == (self._num_read, self._num_frames):
            return
        self._shown.read(errors[self._num_read : end].decode("utf-8", "replace"))
        self._num_read, self._num_frames = end, num_frames
        first = 0
        for number, shown in enumerate(self._shown.times):
            self._tell(number, shown, first, output)
            first += len(shown)

    def _tell(self, number: int, shown: Sequence[float], first: int, output: bytearray) -> None:
        """Of segments in a run whose frames, by the log shown so, are number `first` and on."""
        run, waiting = self._runs[number], self._waiting[number]
        if not waiting or not shown or not self._is_past(run, waiting[0], shown):
            return
        times = [time - self._zero_seconds for time in shown]
        if any(later <= earlier for earlier, later in pairwise(times)):
            return
        positions = dict(zip(run.wanted, match(run, times), strict=True))
        while waiting and self._is_past(run, waiting[0], shown):
            chosen = {index: positions[index] for index in waiting[0].indices}
            if first + max(chosen.values()) >= self._num_frames:
                return
            frames = {
                index: self._frame(times[position], output, first + position)
                for index, position in chosen.items()
            }
            self._awaited.tell(waiting.pop(0).number, frames)

    def _is_past(self, run: Run, segment: _Segment, shown: Sequence[float]) -> bool:
        """Whether no frame nearer to the segment's last can come. On the video's own grid the next
        one is a step away; elsewhere one after the last must have come."""
        beside = MARGIN_STEPS - 1 if run.is_own_rate else 0.5
        return shown[-1] - self._zero_seconds >= (segment.last + beside) / run.rate

    def _frame(self, seconds: float, output: bytearray, position: int) -> Frame:
        if position not in self.frames:
            count, begin = self._frame_bytes, position * self._frame_bytes
            view = np.frombuffer(output, dtype=np.uint8, count=count, offset=begin)
            # The output cannot grow while anything looks at it.
            self.frames[position] = Frame(seconds, view.reshape(self._shape).copy())
        return self.frames[position]


@dataclass(frozen=True, slots=True)
class _Segment:
    number: int
    indices: Sequence[int]

    @property
    def last(self) -> int:
        return max(self.indices)


def _within(run: Run, awaited: Awaited) -> list[_Segment]:
    """Those that need no other run, in the order in which they come."""
    wanted = set(run.wanted)
    segments = [_Segment(*item) for item in awaited.indices.items() if wanted.issuperset(item[1])]
    return sorted(segments, key=lambda segment: segment.last)
