"""One bar for a whole stage, so that its remaining time is that of the stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Never

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
