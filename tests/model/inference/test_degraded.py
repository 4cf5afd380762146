"""Steps down along the curve, for those who leave the choice to the service."""

from __future__ import annotations

import pytest

from model.inference.classification import ClassifyOptions
from model.inference.degraded import degraded
from model.inference.loading import load_classifier
from model.inference.options import resolve


@pytest.fixture(scope="module")
def spec():
    return load_classifier().spec


def cost(options, spec):
    """Expected GFLOPs of the point of the curve that is chosen."""
    chosen = resolve(options, spec)
    (point,) = (
        one
        for one in spec.curve
        if (one.threshold, one.segments or spec.eval_segments)
        == (chosen.threshold, chosen.segments)
    )
    return point.gflops


def test_each_step_costs_less_than_the_one_before(spec):
    asked = ClassifyOptions()
    costs = [cost(degraded(asked, spec, share=s), spec) for s in (1.0, 0.75, 0.5, 0.25, 0.0)]

    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == len(costs)
    assert costs[-1] == min(point.gflops for point in spec.curve)
    assert all(c <= s * costs[0] for c, s in zip(costs, (1.0, 0.75, 0.5, 0.25), strict=False))


@pytest.mark.parametrize(
    "asked",
    [
        ClassifyOptions(budget=0.01),
        ClassifyOptions(segments=5),
        ClassifyOptions(threshold=0.5),
        ClassifyOptions(policy="all"),
        ClassifyOptions(budget=0.001, every_seconds=1.0),
    ],
)
def test_a_lower_budget_and_a_choice_of_ones_own_are_left_alone(spec, asked):
    assert degraded(asked, spec, share=0.5) is asked


def test_a_higher_budget_is_lowered_and_a_ceiling_stays(spec):
    given = degraded(ClassifyOptions(budget=0.9, max_gflops=0.3), spec, share=0.5)

    assert given.budget < 0.9
    assert given.max_gflops == 0.3
    assert cost(given, spec) <= 0.3


def test_streams_have_a_share_for_each_segment(spec):
    asked = ClassifyOptions(every_seconds=1.0)
    points = [resolve(degraded(asked, spec, share=s), spec).threshold for s in (1, 0.75, 0.25)]

    assert degraded(asked, spec, share=1.0) is asked
    assert len(set(points)) > 1


def test_a_model_without_a_curve_has_no_steps(spec):
    asked = ClassifyOptions()
    assert degraded(asked, spec.model_copy(update={"curve": ()}), share=0.1) is asked
