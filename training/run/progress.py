"""One bar for a whole stage, so that its remaining time is that of the stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Never, TypeVar

from tqdm import tqdm


@contextmanager
def stage_progress(
    stage: str, *, epochs: int, done: int, steps: int, shown: bool = True
) -> Iterator[tqdm[Never]]:
    """A bar of `epochs` times `steps`, begun after `done` epochs; only on a terminal."""
    bar: tqdm[Never] = tqdm(
        total=epochs * steps,
        initial=done * steps,
        desc=stage,
        unit="step",
        disable=None if shown else True,
    )
    with bar:
        yield bar


J = TypeVar("J")
R = TypeVar("R")


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
        with tqdm(
            total=total, initial=total - len(jobs), desc=desc, unit=unit, disable=None
        ) as bar:
            for future in as_completed(futures):
                future.result()
                bar.update()
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
