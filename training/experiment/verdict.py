"""How one modality's decisions agree with the truth of every segment, and what they tell beyond the
label."""

# Dimensions: V videos, S segments.

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


class Verdict(NamedTuple):
    """`recall`: share of the informative segments that were kept; `specificity`: of the others
    that were not; 0 where there are none. `information`: bits that decision and truth tell of each
    other once the video's class is known, and `entropy` those that there are to tell."""

    recall: float
    specificity: float
    information: float
    entropy: float

    @property
    def balanced_accuracy(self) -> float:
        return (self.recall + self.specificity) / 2


def verdict(kept: Flags, informative: Flags, labels: NDArray[np.int64]) -> Verdict:
    """(V, S) decisions and truth, (V,) labels.

    Raises:
        ValueError: their shapes differ.
    """
    if not kept.shape == informative.shape == (len(labels), kept.shape[1]):
        raise ValueError(f"{kept.shape=}, {informative.shape=}, {labels.shape=}")
    classes = np.repeat(labels[:, None], kept.shape[1], axis=1)
    return Verdict(
        recall=_share(kept[informative]),
        specificity=_share(~kept[~informative]),
        information=_within(classes, kept, informative),
        entropy=_within(classes, informative, informative),
    )


def _share(flags: Flags) -> float:
    return float(flags.mean()) if flags.size else 0.0


def _within(classes: NDArray[np.int64], first: Flags, second: Flags) -> float:
    """I(first; second | class) in bits, of the frequencies as they are."""
    total = 0.0
    for label in np.unique(classes):
        inside = classes == label
        total += inside.mean() * _information(first[inside], second[inside])
    return float(total)


def _information(first: Flags, second: Flags) -> float:
    joint = np.array([[(first == a) & (second == b) for b in (0, 1)] for a in (0, 1)]).mean(axis=2)
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log2(joint[there] / apart[there])).sum())
