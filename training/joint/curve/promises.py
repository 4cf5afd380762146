"""What the curve promises: stated on videos that did not choose the point, with an interval."""

# Dimensions: P points, V videos.

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from model.spec.model_spec import OperatingPoint
from training.joint.curve.clustered import Clusters, Doubles, prediction_interval
from training.joint.curve.outcomes import Outcomes

# Each cuts the videos in two otherwise; their mean depends less on one cut's luck.
CUTS = 20


def promised(
    curve: Sequence[OperatingPoint],
    outcomes: Outcomes,
    clusters: Clusters,
    classes: Sequence[int],
) -> tuple[OperatingPoint, ...]:
    """The curve with its accuracies cross-fitted, and with intervals.

    The sources are cut in halves, class by class. For each point, one half chooses what it would
    for that cost, and the other half tells how often that is right; and the other way round. So no
    video has a say in the choice that it judges. 95 % of measurements on as many other videos, of
    other sources, should lie within the interval: it has the chance in those as well as in these.

    `classes`: (V,), of each video. Top-1 alone: for several labels a video pass no curve.
    """
    halves = list(_halves(clusters, classes))
    return tuple(_promised(point, outcomes, clusters, halves) for point in curve)


def _promised(
    point: OperatingPoint,
    outcomes: Outcomes,
    clusters: Clusters,
    halves: Sequence[NDArray[np.bool_]],
) -> OperatingPoint:
    right = np.mean(
        [_cross_fitted(point.gflops, outcomes, clusters.weights, half) for half in halves], axis=0
    )
    share = float(clusters.mean(right).clip(0, 1))
    low, high = prediction_interval(share, clusters.effective_number(right))
    return point.model_copy(
        update={
            "accuracy": share,
            "accuracy_low": low,
            "accuracy_high": high,
            "videos": int((clusters.weights > 0).sum()),
        }
    )


def _cross_fitted(
    gflops: float, outcomes: Outcomes, weights: Doubles, half: NDArray[np.bool_]
) -> Doubles:
    """(V,) whether right, each video at the point that the other half chose."""
    right = np.empty(len(half))
    for chooses in (half, ~half):
        chosen = _best_within(gflops, outcomes, weights * chooses)
        right[~chooses] = outcomes.right[chosen, ~chooses]
    return right


def _best_within(gflops: float, outcomes: Outcomes, weights: Doubles) -> int:
    """The point of least loss that costs no more, by these videos; else the cheapest."""
    if weights.sum() == 0:
        return 0
    costs = outcomes.gflops @ weights / weights.sum()
    affordable = costs <= gflops * (1 + 1e-9)
    if not affordable.any():
        return int(costs.argmin())
    return int(np.where(affordable, outcomes.losses @ weights, np.inf).argmin())


def _halves(clusters: Clusters, classes: Sequence[int]) -> Iterator[NDArray[np.bool_]]:
    """(V,) each; sources stay whole, and those of a class are dealt to both sides."""
    of_class: dict[int, list[int]] = defaultdict(list)
    for source, label in dict(zip(clusters.of.tolist(), classes, strict=True)).items():
        of_class[label].append(source)
    for cut in range(CUTS):
        draws = random.Random(cut)
        first: list[int] = []
        for sources in of_class.values():
            dealt = draws.sample(sources, len(sources))
            first += dealt[draws.randrange(2) :: 2]
        yield np.isin(clusters.of, first)
