"""Cheaper options for a service under pressure: a step down along the model's measured curve."""

from __future__ import annotations

import dataclasses

from model.inference.classification import ClassifyOptions
from model.inference.operating_points import dense_gflops, served_point
from model.spec.model_spec import ModelSpec, OperatingPoint


def degraded(options: ClassifyOptions, spec: ModelSpec, *, share: float) -> ClassifyOptions:
    """`options` with a budget of `share` of what the model's own operating point takes.

    Never below the cheapest point of the curve. As they are, the same object, where they name a
    budget no larger, where they choose their operating point themselves (threshold, segments,
    policy "all"), and where the model has no curve.
    """
    chosen = options.threshold is not None or options.segments is not None
    if chosen or options.policy == "all" or not spec.curve:
        return options
    by_segment = options.every_seconds is not None
    costs = [_cost(point, spec, by_segment=by_segment) for point in spec.curve]
    own = _cost(_own_point(spec), spec, by_segment=by_segment)
    budget = max(share * own, min(costs))
    is_lower = options.budget is not None and options.budget <= budget
    if is_lower or budget >= own:
        return options
    return dataclasses.replace(options, budget=min(1.0, budget))


def _own_point(spec: ModelSpec) -> OperatingPoint:
    """Where a request without options runs; of a curve without it, the dearest."""
    return served_point(spec) or max(spec.curve, key=lambda point: point.gflops)


def _cost(point: OperatingPoint, spec: ModelSpec, *, by_segment: bool) -> float:
    """As a share of the dense cost, of a video or of a segment, as budgets are."""
    share = point.gflops / dense_gflops(spec)
    return (
        share / (point.segments or spec.eval_segments) * spec.eval_segments if by_segment else share
    )
