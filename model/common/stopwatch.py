"""Stopwatch: seconds spent in each stage of one classification, by one monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnStage = Callable[[str, float], None]

STAGES = ("decode", "policy", "flow", "recognition")


class Stopwatch:
    """Adds up the stages; a stage that never ran counts 0 s and is not reported to `on_stage`.

    A stage's seconds are those that the request waited for it: what the policy does while segments
    are decoded is no time of its own.
    """

    def __init__(self, on_stage: OnStage | None = None) -> None:
        self._on_stage = on_stage
        self._start = time.perf_counter()
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self._ran = {"total"}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block as `name`, one of STAGES; a block that raises is counted too."""
        self._ran.add(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] += time.perf_counter() - start

    def finish(self) -> dict[str, float]:
        """Seconds by stage, with `total`, the time since the stopwatch was made."""
        seconds = {**self._seconds, "total": time.perf_counter() - self._start}
        if self._on_stage is not None:
            for name in (name for name in seconds if name in self._ran):
                self._on_stage(name, seconds[name])
        return seconds
