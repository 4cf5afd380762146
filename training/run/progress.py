"""Progress of long work: a bar on a terminal, else a line in the log now and then."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Never, Protocol, TypeVar

from tqdm import tqdm

logger = logging.getLogger(__name__)

# Without a terminal: one line for so many videos, and one at the end.
LINE_EVERY = 100

J = TypeVar("J")
R = TypeVar("R")


class Progress(Protocol):
    def update(self, n: int = 1) -> object: ...


class LoggedProgress:
    """A line for every LINE_EVERY items, and one for the last: for a log file, or CI."""

    def __init__(self, desc: str, unit: str, total: int, initial: int = 0) -> None:
        """`initial` items of `total` were done before."""
        self._desc, self._unit, self._total = desc, unit, total
        self._done = self._initial = initial
        self._start = time.monotonic()

    def update(self, n: int = 1) -> None:
        before, self._done = self._done, self._done + n
        if before // LINE_EVERY < self._done // LINE_EVERY or self._done == self._total:
            logger.info("%s", str(self))

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self._start, 1e-9)
        rate = (self._done - self._initial) / seconds
        left = (self._total - self._done) / rate if rate else float("inf")
        return (
            f"{self._desc}: {self._done} of {self._total} {self._unit}s,"
            f" {rate:.3g} a second, {left:.0f} s left"
        )


@contextmanager
def progress(desc: str, unit: str, *, total: int, initial: int = 0) -> Iterator[Progress]:
    """A bar where standard error is a terminal, else lines of the log."""
    if not sys.stderr.isatty():
        yield LoggedProgress(desc, unit, total, initial)
        return
    bar: tqdm[Never]
    with tqdm(total=total, initial=initial, desc=desc, unit=unit) as bar:
        yield bar


@contextmanager
def stage_progress(
    stage: str, *, epochs: int, done: int, steps: int, shown: bool = True
) -> Iterator[tqdm[Never]]:
    """A bar of `epochs` times `steps`, begun after `done` epochs; only on a terminal, as the run's
    log has a line for every epoch. One for a whole stage, so that the time left is the stage's."""
    bar: tqdm[Never] = tqdm(
        total=epochs * steps,
        initial=done * steps,
        desc=stage,
        unit="step",
        disable=None if shown else True,
    )
    with bar:
        yield bar


def in_parallel(
    work: Callable[[J], R],
    jobs: Sequence[J],
    *,
    workers: int,
    desc: str,
    unit: str = "view",
    total: int | None = None,
) -> list[R]:
    """Results in the jobs' order. `total` counts what was done before as well.

    Threads, since decoding and encoding happen in child processes and in libraries that let go
    of the interpreter. A job that raises stops everything: jobs not yet begun are dropped.
    """
    total = len(jobs) if total is None else total
    pool = ThreadPoolExecutor(workers)
    try:
        futures = [pool.submit(work, job) for job in jobs]
        with progress(desc, unit, total=total, initial=total - len(jobs)) as bar:
            for future in as_completed(futures):
                future.result()
                bar.update()
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
