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


def shown_times(log: str, num_runs: int) -> Sequence[list[float]]:
    """For each run, the seconds of every frame that its filter reported, in its order."""
    times: list[list[float]] = [[] for _ in range(num_runs)]
    time_bases = [0.0] * num_runs
    for run, numerator, denominator, pts in _SHOWN.findall(log):
        if denominator:
            time_bases[int(run)] = int(numerator) / int(denominator)
        else:
            times[int(run)].append(int(pts) * time_bases[int(run)])
    return times
