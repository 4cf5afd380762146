"""Choosing a point of the measured accuracy/compute curve for what a video may cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

from model.common.errors import BudgetTooSmallError
from model.spec.model_spec import ModelSpec, OperatingPoint


def dense_gflops(spec: ModelSpec) -> float:
    """All modalities on the model's own number of segments and no policy: what budget 1 is."""
    macs = sum(spec.require_costs().recognition[name].total for name in spec.modality_names)
    return macs * spec.eval_segments / 1e9


def best_point(points: Sequence[OperatingPoint]) -> OperatingPoint:
    """The point of least loss, or the most accurate; the cheapest of those that tie."""
    return min(points, key=lambda point: (expected_loss(point), point.gflops))


def expected_loss(point: OperatingPoint) -> float:
    """Its loss; of a curve that was measured without one, the share of wrong answers."""
    return point.loss if point.loss is not None else 1 - point.accuracy


def served_point(spec: ModelSpec) -> OperatingPoint | None:
    """The point of the curve that is served by default; None of a model without one."""
    own = spec.eval_segments
    served = (spec.threshold, spec.default_segments)
    points = (one for one in spec.curve if (one.threshold, one.segments or own) == served)
    return next(points, None)


def promise(point: OperatingPoint) -> str:
    """An accuracy in percent, with its interval where it has one."""
    if point.accuracy_low is None or point.accuracy_high is None:
        return f"{point.accuracy:.1%}"
    return (
        f"{point.accuracy:.1%} ({100 * point.accuracy_low:.1f} to {100 * point.accuracy_high:.1f})"
    )


def choose_point(
    spec: ModelSpec, *, budget: float | None, max_gflops: float | None
) -> OperatingPoint:
    """The best point of the curve, which must not be empty, that is expected to fit.

    `budget` is a share of the dense cost and bounds the mean video, so a point above it is no
    choice. `max_gflops` bounds every video, which the classifier sees to: where all points are
    expected to take more, the cheapest one is cut short.

    Raises:
        BudgetTooSmallError: the cheapest point is expected to take more than `budget`.
    """
    cheapest = min(spec.curve, key=lambda point: point.gflops)
    points: Sequence[OperatingPoint] = spec.curve
    if budget is not None:
        dense = dense_gflops(spec)
        points = _within(points, budget * dense)
        if not points:
            smallest = _rounded_up(cheapest.gflops / dense)
            raise BudgetTooSmallError(
                f"budget is {budget:g}; the smallest possible with this model is {smallest:g}"
            )
    if max_gflops is not None:
        points = _within(points, max_gflops) or [cheapest]
    return best_point(points)


def point_for_segments(spec: ModelSpec, budget: float) -> OperatingPoint:
    """The best point of the curve by what it takes a segment, `budget` being a share of a dense
    segment: for streams, whose number of segments is not the curve's.

    Raises:
        BudgetTooSmallError: the cheapest point is expected to take more.
    """
    dense = dense_gflops(spec) / spec.eval_segments
    shares = [point.gflops / (point.segments or spec.eval_segments) / dense for point in spec.curve]
    points = [point for point, share in zip(spec.curve, shares, strict=True) if share <= budget]
    if not points:
        smallest = _rounded_up(min(shares))
        raise BudgetTooSmallError(
            f"budget is {budget:g}; the smallest possible for each segment is {smallest:g}"
        )
    return best_point(points)


def _within(points: Sequence[OperatingPoint], gflops: float) -> list[OperatingPoint]:
    return [point for point in points if point.gflops <= gflops]


def _rounded_up(share: float) -> float:
    """To four digits, and always to more, so that the number that is named is enough."""
    return math.ceil(share * 1e4 + 1e-6) / 1e4
