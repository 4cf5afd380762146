"""Timing several ways of doing the same, in turns, so that a noisy machine treats them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of every round by way."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, way: str) -> float:
        return statistics.median(self.seconds[way])

    def ratio(self, way: str, baseline: str) -> float:
        """Median over the rounds of what `way` took for each second of `baseline`."""
        pairs = zip(self.seconds[way], self.seconds[baseline], strict=True)
        return statistics.median(own / other for own, other in pairs)


def interleave(ways: Mapping[str, Callable[[], object]], *, rounds: int) -> Timings:
    """Call each of `ways` once in every round, after a first round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, call in ways.items():
            start = time.perf_counter()
            call()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return Timings({name: tuple(values) for name, values in seconds.items()})
