"""Reading the times of frames from the log of ffmpeg's showinfo filter."""

from __future__ import annotations

import re

_SHOWN = re.compile(
    r"^\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] \[info\] "
    r"(?:config in time_base: (\d+)/(\d+),|n: *\d+ pts: *(-?\d+) )",
    re.M,
)


def shown_times(log: str) -> list[float]:
    """Seconds of every frame that ffmpeg's showinfo filter reported, in its order."""
    times = []
    time_base = 0.0
    for numerator, denominator, pts in _SHOWN.findall(log):
        if denominator:
            time_base = int(numerator) / int(denominator)
        else:
            times.append(int(pts) * time_base)
    return times
