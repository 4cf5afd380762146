"""Which decoded frame is shown at which index of the grid. Pure arithmetic on their times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from model.inputs.placement.runs import CONSECUTIVE, MARGIN_STEPS, Run, split


def match(run: Run, times: Sequence[float]) -> list[int]:
    """For each of the run's wanted indices, the position in `times` (sorted seconds, not empty).

    On a grid of the video's own rate each consecutive span begins on the frame nearest to it and
    goes on from there, so that frames which lie beside the grid still come one by one. Any other
    grid stays where it is.

    >>> match(Run((0, 1, 2), 10.0, True, 0.0, ((-0.1, 0.3),)), [0.04, 0.16, 0.23])
    [0, 1, 2]
    >>> match(Run((0, 1, 2), 10.0, False, 0.0, ((-0.1, 0.3),)), [0.0, 0.21])
    [0, 0, 1]
    """
    positions = []
    for span in split(run.wanted, CONSECUTIVE):
        shift = _shift(span[0] / run.rate, times, run.rate) if run.is_own_rate else 0.0
        positions += [shown_at(index / run.rate + shift, times, 0.5 / run.rate) for index in span]
    return positions


def is_covered(run: Run, times: Sequence[float]) -> bool:
    """Whether the frame on display at the start of every span is among `times` for certain.

    On a grid of the video's own rate a frame comes every step, and all but those around the spans
    are left out; off the grid nothing is left out, and the first span tells.

    >>> run = Run((50, 51, 90), 10.0, True, 4.8, ((4.9, 5.2), (8.9, 9.1)))
    >>> is_covered(run, [5.0, 5.1, 9.0]), is_covered(run, [5.0, 5.1])
    (True, False)
    """
    step = 1 / run.rate
    starts = [span[0] * step for span in split(run.wanted, CONSECUTIVE)]
    if not run.is_own_rate:
        return bool(times) and times[0] <= starts[0] + step / 2
    return all(
        any(start - 1.5 * step <= time <= start + MARGIN_STEPS * step for time in times)
        for start in starts
    )


def _shift(due: float, times: Sequence[float], rate: float) -> float:
    """How far from `due` the nearest frame is, 0 when that is more than a step."""
    shift = min((time - due for time in times), key=abs)
    return shift if abs(shift) <= 1 / rate else 0.0


def shown_at(due: float, times: Sequence[float], tolerance: float) -> int:
    """Position of the frame nearest to `due` within `tolerance`, else of the last one before it,
    which is still on display; of the first of all where there is none before.

    >>> shown_at(1.0, [0.0, 1.01, 1.2], 0.02), shown_at(1.0, [0.0, 1.1], 0.02)
    (1, 0)
    """
    after = bisect_right(times, due)
    if after == 0:
        return 0
    if after < len(times) and times[after] - due <= min(tolerance, due - times[after - 1]):
        return after
    return after - 1
