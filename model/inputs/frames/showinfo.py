"""Reading the times of frames from the log of ffmpeg's showinfo filter."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SHOWN = re.compile(
    r"^\[showinfo@run(\d+) @ 0x[0-9a-f]+\] \[info\] "
    r"(?:config in time_base: (\d+)/(\d+),|n: *\d+ pts: *(-?\d+) )",
    re.M,
)


def shown_by(run: int) -> str:
    """Name of the filter that shows the frames of a run, counted from 0."""
    return f"showinfo@run{run}"


class ShownTimes:
    """For each run, the seconds of every frame that its filter reported, in its order."""

    def __init__(self, num_runs: int) -> None:
        self.times: list[list[float]] = [[] for _ in range(num_runs)]
        self._time_bases = [0.0] * num_runs

    def read(self, lines: str) -> None:
        """Whole lines of the log, that follow those read before."""
        for run, numerator, denominator, pts in _SHOWN.findall(lines):
            if denominator:
                self._time_bases[int(run)] = int(numerator) / int(denominator)
            else:
                self.times[int(run)].append(int(pts) * self._time_bases[int(run)])


def shown_times(log: str, num_runs: int) -> Sequence[list[float]]:
    """Of a whole log."""
    shown = ShownTimes(num_runs)
    shown.read(log)
    return shown.times
