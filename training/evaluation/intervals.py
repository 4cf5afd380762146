"""Paired differences of two rows that were measured on the same clips."""

# Dimensions: R seeds, V videos.

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DRAWS = 4000
COVERAGE = 0.95


class Difference(NamedTuple):
    """Of accuracies, the mean over seeds; 95 % of what other sources would give lie within."""

    mean: float
    low: float
    high: float


def paired_difference(
    ours: Sequence[FloatArray],
    others: Sequence[FloatArray],
    groups: Sequence[str] | None = None,
) -> Difference:
    """How much more often `ours` are right than `others`, (V,) for each seed, in 0..1.

    `groups`: (V,), the source of each clip; None: each is one of its own. Bootstrap over whole
    sources, whose clips are alike, with all seeds of a clip together: rows share the clips, so
    what makes a clip hard for both cancels. It does not tell what other seeds would give.

    Raises:
        ValueError: not as many seeds or videos of the one as of the other, or as groups.
    """
    gained = np.mean([a - b for a, b in zip(_same(ours, others), others, strict=True)], axis=0)
    generator = np.random.default_rng(0)
    sums, sizes = _by_source(gained, groups)
    drawn = generator.integers(0, len(sums), size=(DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - COVERAGE) / 2, 1 - (1 - COVERAGE) / 2])
    return Difference(float(gained.mean()), float(low), float(high))


def _by_source(gained: FloatArray, groups: Sequence[str] | None) -> tuple[FloatArray, FloatArray]:
    """What was gained in each source, and how many clips it has."""
    if groups is None:
        return gained, np.ones(len(gained))
    if len(groups) != len(gained):
        raise ValueError(f"{len(groups)} groups of {len(gained)} videos")
    _, of = np.unique(np.array(groups), return_inverse=True)
    sizes = np.bincount(of).astype(np.float64)
    return np.bincount(of, weights=gained).astype(np.float64), sizes


def _same(ours: Sequence[FloatArray], others: Sequence[FloatArray]) -> Sequence[FloatArray]:
    shapes = [len(one) for one in ours], [len(one) for one in others]
    if shapes[0] != shapes[1]:
        raise ValueError(f"not the same clips: {shapes[0]} and {shapes[1]} videos by seed")
    return ours
