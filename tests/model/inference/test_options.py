import math

import pytest

from model.common.errors import BudgetTooSmallError, InvalidParameterError
from model.inference.classification import ClassifyOptions
from model.inference.operating_points import dense_gflops
from model.inference.options import resolve
from model.spec.model_spec import OperatingPoint
from model.spec.presets import preset
from tests.support.models import tiny_spec

SPEC = preset("rgb-audio-flow", ("a", "b", "c"))
TINY = tiny_spec()
DENSE = dense_gflops(TINY)
# (threshold, segments) at these shares of the dense cost; the last is of an old bundle.
CURVE = (
    OperatingPoint(threshold=0.8, accuracy=0.4, gflops=0.2 * DENSE, segments=1),
    OperatingPoint(threshold=0.6, accuracy=0.7, gflops=0.5 * DENSE, segments=2),
    OperatingPoint(threshold=0.3, accuracy=0.9, gflops=0.9 * DENSE),
)
CURVED = TINY.model_copy(update={"curve": CURVE, "threshold": 0.45})
CHEAPEST, MIDDLE, BEST, DEFAULT = (0.8, 1), (0.6, 2), (0.3, 4), (0.45, 4)


def test_defaults_come_from_the_spec():
    resolved = resolve(ClassifyOptions(), SPEC)

    assert (resolved.segments, resolved.threshold) == (10, 0.5)
    assert resolved.allowed == (True, True, True)


def test_allowed_follows_the_order_of_the_spec():
    resolved = resolve(ClassifyOptions(modalities=frozenset({"flow", "rgb"})), SPEC)

    assert resolved.allowed == tuple(name != "audio" for name in SPEC.modality_names)


def test_top_k_is_at_most_the_number_of_labels():
    assert resolve(ClassifyOptions(top_k=50), SPEC).top_k == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ClassifyOptions(policy="some"), "policy is 'some'; allowed: adaptive or all"),
        (ClassifyOptions(segments=0), "segments is 0; allowed: 1 to 64"),
        (ClassifyOptions(segments=65), "segments is 65; allowed: 1 to 64"),
        (ClassifyOptions(threshold=1.5), "threshold is 1.5; allowed: 0 to 1"),
        (ClassifyOptions(threshold=math.nan), "threshold is nan; allowed: 0 to 1"),
        (ClassifyOptions(budget=-0.1), "budget is -0.1; allowed: 0 to 1"),
        (ClassifyOptions(budget=1.1), "budget is 1.1; allowed: 0 to 1"),
        (ClassifyOptions(budget=math.nan), "budget is nan; allowed: 0 to 1"),
        (ClassifyOptions(budget=0.5), "budget is 0.5, but .* has no measured curve"),
        (ClassifyOptions(top_k=0), "top_k is 0; allowed: 1 to 100"),
        (ClassifyOptions(max_gflops=0.0), "max_gflops is 0.0; allowed: a finite number above 0"),
        (ClassifyOptions(max_gflops=math.inf), "max_gflops is inf; allowed: a finite"),
        (ClassifyOptions(modalities=frozenset()), r"modalities is \[\]; allowed: any of"),
        (ClassifyOptions(modalities=frozenset({"smell"})), r"modalities is \['smell'\]; allowed"),
    ],
)
def test_out_of_range_is_refused_with_what_is_allowed(options, message):
    with pytest.raises(InvalidParameterError, match=message):
        resolve(options, SPEC)


@pytest.mark.parametrize(
    ("asked", "setting"),
    [
        ({}, DEFAULT),
        ({"budget": 0.2}, CHEAPEST),
        ({"budget": 0.49}, CHEAPEST),
        ({"budget": 0.5}, MIDDLE),
        ({"budget": 1.0}, BEST),
        ({"budget": 1.0, "modalities": frozenset({"rgb"})}, BEST),
        ({"max_gflops": 0.01}, CHEAPEST),
        ({"max_gflops": 0.6}, MIDDLE),
        ({"max_gflops": 5.0}, BEST),
        ({"max_gflops": 0.6, "policy": "all"}, DEFAULT),
        ({"max_gflops": 0.6, "threshold": 0.1}, (0.1, 4)),
        ({"max_gflops": 0.6, "segments": 3}, (0.45, 3)),
        ({"max_gflops": 0.6, "threshold": 0.1, "segments": 3}, (0.1, 3)),
        ({"budget": 0.9, "max_gflops": 0.6}, MIDDLE),
        ({"budget": 0.6, "max_gflops": 5.0}, MIDDLE),
        ({"budget": 0.6, "max_gflops": 0.01}, CHEAPEST),
        ({"threshold": 0.0, "segments": 64}, (0.0, 64)),
    ],
)
def test_who_chooses_threshold_and_segments(asked, setting):
    """Costs are in shares of the dense cost here."""
    if "max_gflops" in asked:
        asked = {**asked, "max_gflops": asked["max_gflops"] * DENSE}

    resolved = resolve(ClassifyOptions(**asked), CURVED)

    assert (resolved.threshold, resolved.segments) == setting
    assert (resolved.budget, resolved.max_gflops) == (asked.get("budget"), asked.get("max_gflops"))


def test_without_a_curve_a_ceiling_changes_no_setting():
    resolved = resolve(ClassifyOptions(max_gflops=0.6 * DENSE), TINY)

    assert (resolved.threshold, resolved.segments) == (TINY.threshold, TINY.eval_segments)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"threshold": 0.0}, r"budget and threshold are both given \(0.5, 0.0\)"),
        ({"segments": 3}, r"budget and segments are both given \(0.5, 3\)"),
        ({"policy": "all"}, "budget is 0.5 and policy is 'all'"),
    ],
)
def test_a_budget_goes_with_nothing_that_it_chooses_itself(asked, message):
    with pytest.raises(InvalidParameterError, match=message):
        resolve(ClassifyOptions(budget=0.5, **asked), CURVED)


@pytest.mark.parametrize("share", [0.2, 0.12345, 1 / 3, 0.99999])
def test_a_budget_below_the_curve_is_refused_with_one_that_is_enough(share):
    point = OperatingPoint(threshold=0.8, accuracy=0.4, gflops=share * DENSE, segments=1)
    spec = TINY.model_copy(update={"curve": (point,)})
    with pytest.raises(BudgetTooSmallError, match=r"budget is 0.1; the smallest") as refusal:
        resolve(ClassifyOptions(budget=0.1), spec)

    named = float(str(refusal.value).rsplit(" ", 1)[1])

    assert share <= named <= share + 2e-4
    assert resolve(ClassifyOptions(budget=named), spec).threshold == 0.8


def test_the_dense_cost_is_that_of_all_modalities_on_the_models_segments():
    costs = TINY.require_costs().recognition

    dense = 4 * sum(costs[name].total for name in ("rgb", "audio", "flow"))

    assert pytest.approx(dense / 1e9) == DENSE
