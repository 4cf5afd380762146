"""The curve on made-up features in which only audio tells the label."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.networks.adamml import AdaMML
from model.spec.model_spec import FusionSpec, OperatingPoint, PolicySpec
from tests.support.models import LABELS, tiny_spec
from training.configuration.recipe import JointConfig
from training.features.features import Features
from training.joint.curve.operating_points import MAX_POINTS, frontier, sweep, sweep_of, thinned
from training.joint.curve.outcomes import NUM_THRESHOLDS, Outcomes, measure, thresholds
from training.joint.trainer import JointTrainer

CONFIG = JointConfig(
    warmup_epochs=2,
    alternating_epochs=4,
    finetune_epochs=0,
    batch_videos=16,
    recognition_learning_rate=0.03,
    policy_learning_rate=0.01,
    drop_audio=0.0,
)


def made_up_features(model, *, segments, videos=48, noise=0.5, seed=0):
    draws = torch.Generator().manual_seed(seed)
    labels = torch.arange(videos) % len(LABELS)
    recognition, policy, silence = {}, {}, {}
    for name in model.spec.modality_names:
        dim = model.recognizer(name).trunk.feature_dim
        rows = noise * torch.randn(videos, segments, dim, generator=draws)
        if name == "audio":
            rows[..., : len(LABELS)] += torch.eye(len(LABELS))[labels].unsqueeze(1)
        recognition[name] = rows
        dim = model.policy.branch(name).feature_dim
        policy[name] = torch.randn(videos, segments, dim, generator=draws)
        silence[name] = torch.zeros(dim)
    available = torch.ones(videos, segments, 3, dtype=torch.bool)
    available[::3, :, 1] = False
    return Features(recognition, policy, silence, available, labels)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    features = made_up_features(model, segments=4)
    generator = torch.Generator().manual_seed(0)
    JointTrainer(model, CONFIG, generator=generator).train(features, features)
    return model


def test_the_curve_is_a_frontier_over_numbers_of_segments(model):
    val, more = made_up_features(model, segments=4), made_up_features(model, segments=2)

    curve, default = sweep(model, val, [more])

    assert [p.gflops for p in curve] == sorted(p.gflops for p in curve)
    assert default in curve
    losses = [p.loss for p in curve if p is not default]
    assert losses == sorted(set(losses), reverse=True)
    assert len(curve) <= MAX_POINTS
    assert {p.segments for p in curve} == {2, 4}
    assert curve[0].segments == 2
    every = [*measure(model, val).points, *measure(model, more).points]
    assert curve[-1].loss == min(p.loss for p in every)
    assert (default.threshold, default.segments) in {(p.threshold, p.segments) for p in every}
    assert all(p.accuracy_low <= p.accuracy <= p.accuracy_high for p in (*curve, default))
    assert {p.videos for p in (*curve, default)} == {len(val)}


def test_a_model_that_must_answer_keeps_one_input_of_every_video(model):
    """Points at which nothing was selected used to promise less than serving ever takes."""
    features = made_up_features(model, segments=4)
    costs = model.spec.require_costs()
    cheapest_input = min(costs.recognition[name].total for name in model.spec.modality_names)

    none = next(point for point in measure(model, features).points if point.threshold == 1)

    assert none.gflops >= (4 * costs.policy.total + cheapest_input) / 1e9


def test_an_exit_head_may_answer_alone():
    spec = tiny_spec(
        policy=PolicySpec(joint_width=16, lstm_width=8, exits=True),
        fusion=FusionSpec(renormalizes=True, pools_evidence=True),
    )
    model = AdaMML(spec)

    none = next(
        point
        for point in measure(model, made_up_features(model, segments=4)).points
        if point.threshold == 1
    )

    assert none.gflops == pytest.approx(4 * model.spec.require_costs().policy.total / 1e9)


def test_threshold_zero_is_the_dense_cost_and_the_policys(model):
    features = made_up_features(model, segments=4)
    costs = model.spec.require_costs()
    rates = features.available.float().mean(dim=(0, 1)).tolist()
    dense = sum(
        rate * costs.recognition[name].total
        for name, rate in zip(model.spec.modality_names, rates, strict=True)
    )

    everything = measure(model, features).points[0]

    assert everything.threshold == 0
    assert everything.gflops == pytest.approx(4 * (dense + costs.policy.total) / 1e9, rel=1e-6)


@given(st.lists(st.floats(0, 1).map(np.float64), max_size=600).map(np.array))
def test_thresholds_lie_between_probabilities_and_are_few(probabilities):
    found = thresholds(probabilities)

    assert len(found) <= NUM_THRESHOLDS
    assert (found[0], found[-1]) == (0.0, 1.0)
    assert list(found) == sorted(set(found))


def test_few_probabilities_have_a_threshold_between_any_two():
    assert thresholds(np.array([0.5, 0.2, 0.5, 0.9])) == pytest.approx((0, 0.35, 0.7, 1))


def test_within_a_heap_there_is_no_threshold():
    """Runtimes would decide differently there."""
    heaps = np.array([0.2, 0.5, 0.8])
    noise = np.random.default_rng(0).normal(0, 1e-6, size=(1000, 3))

    found = thresholds((heaps + noise).ravel())

    assert found == pytest.approx((0, 0.35, 0.65, 1), abs=1e-4)


def test_where_probabilities_lie_close_together_thresholds_do():
    crowd = 0.5 + 2e-3 * np.random.default_rng(0).permutation(np.arange(100))
    few = np.array([0.01, 0.99])

    found = np.array(thresholds(np.concatenate([crowd, few])))

    shares = [(crowd > threshold).mean() for threshold in found]
    assert np.abs(np.diff(shares)).max() < 0.02


def test_thinning_keeps_the_ends_and_the_steps_that_matter():
    points = [
        OperatingPoint(threshold=0.5, accuracy=accuracy, gflops=gflops)
        for accuracy, gflops in [(0.1, 1), (0.5, 2), (0.51, 2.1), (0.8, 5), (0.81, 9)]
    ]

    assert thinned(points, 5) == tuple(points)
    assert thinned(points, 4) == (*points[:2], *points[3:])
    assert [p.accuracy for p in thinned(points, 3)] == [0.1, 0.8, 0.81]
    assert thinned(points, 2) == (points[0], points[-1])


def test_dominated_points_are_left_out():
    cheap, worse, better, same = (
        OperatingPoint(threshold=0.5, accuracy=accuracy, gflops=gflops)
        for accuracy, gflops in [(0.5, 1), (0.4, 2), (0.9, 3), (0.9, 4)]
    )

    assert frontier([same, better, worse, cheap]) == [cheap, better]


def made_up_outcomes(losses, costs):
    """(P, V) losses; a video is right where it is below ln 2."""
    losses = np.array(losses, dtype=np.float64)
    points = tuple(
        OperatingPoint(
            threshold=number / len(losses),
            accuracy=float((row < np.log(2)).mean()),
            loss=float(row.mean()),
            gflops=cost,
            segments=1,
        )
        for number, (row, cost) in enumerate(zip(losses, costs, strict=True))
    )
    gflops = np.repeat(np.array(costs)[:, None], losses.shape[1], axis=1)
    return Outcomes(points, losses, gflops, (losses < np.log(2)).astype(np.float64))


@pytest.mark.parametrize(
    ("loss", "gflops", "served"),
    [(0.38, 5.0, 0), (0.34, 5.0, 1), (0.2, 9.9, 1), (0.31, 9.9, 0)],
    ids=["worse, saves too little", "worth it", "better", "worse, saves nothing"],
)
def test_what_is_served_loses_no_more_than_its_savings_are_worth(loss, gflops, served):
    """Of many videos that agree, half of the dense compute is worth 0.05 nats."""
    measured = made_up_outcomes([[0.3] * 400, [loss] * 400], [10.0, gflops])

    default = sweep_of(measured, torch.zeros(400, dtype=torch.long), 10.0).default

    assert default.gflops == [10.0, gflops][served]


def test_few_videos_that_disagree_serve_everything_and_many_of_them_do_not():
    """The cheap point is as good on average; of eight videos nobody can know."""
    for videos, served in ((8, 10.0), (800, 1.0)):
        cheap = np.tile([0.1, 0.5], videos // 2)
        measured = made_up_outcomes([[0.3] * videos, cheap], [10.0, 1.0])

        default = sweep_of(measured, torch.arange(videos) % 2, 10.0).default

        assert default.gflops == served


def test_among_many_sources_one_standard_error_is_enough():
    """Of 32 the cheap point is within 1.2 errors of what it is worth; of 28 that would not do."""
    for videos, served in ((28, 10.0), (32, 1.0)):
        # The standard error of the loss is about 0.075, and 0.09 is saved.
        cheap = 0.3 + 0.4 * np.tile([-1.0, 1.0], videos // 2)
        measured = made_up_outcomes([[0.3] * videos, cheap], [10.0, 1.0])

        default = sweep_of(measured, torch.arange(videos) % 2, 10.0).default

        assert default.gflops == served


def test_videos_of_one_source_count_as_one():
    cheap = np.tile([0.1, 0.5], 400)
    measured = made_up_outcomes([[0.3] * 800, cheap], [10.0, 1.0])
    targets = torch.zeros(800, dtype=torch.long)

    of_two = sweep_of(measured, targets, 10.0, groups=[str(i % 2) for i in range(800)]).default

    assert of_two.gflops == 10.0


def test_a_choice_that_rests_on_little_warns(caplog):
    measured = made_up_outcomes([[0.3] * 8, [0.3] * 8], [10.0, 1.0])

    sweep_of(measured, torch.arange(8) % 2, 10.0)

    assert "8 validation videos of 8 sources" in caplog.text


def test_expectations_are_for_the_mix_of_classes_that_is_named(model):
    features = made_up_features(model, segments=4)
    of_label = [features.select((features.targets == k).nonzero().flatten()) for k in range(2)]
    parts = [measure(model, rows).points[-1] for rows in of_label]
    both = features.select((features.targets < 2).nonzero().flatten())

    mixed = measure(model, both, torch.tensor([0, 0, 0, 1])).points[-1]

    assert mixed.threshold == parts[0].threshold == parts[1].threshold == 1
    for name in ("accuracy", "loss", "gflops"):
        first, second = (getattr(part, name) for part in parts)
        assert getattr(mixed, name) == pytest.approx(0.75 * first + 0.25 * second, rel=1e-6)
