"""Promises on made-up videos of which the truth is known."""

import numpy as np
import pytest

from model.spec.model_spec import OperatingPoint
from training.joint.curve.clustered import (
    Clusters,
    prediction_interval,
    student_quantile,
    wilson_interval,
)
from training.joint.curve.outcomes import Outcomes
from training.joint.curve.promises import promised

POINTS = 60


def clusters_of(groups, videos):
    return Clusters.by([str(n % groups) for n in range(videos)], np.full(videos, 1 / videos))


def lucky_outcomes(generator, videos, *, groups, chance):
    """Equally good points at one cost: the best of them by these videos is only the luckiest."""
    of_source = generator.normal(size=(POINTS, groups)) * 0.7
    logit = np.log(chance / (1 - chance)) + of_source[:, np.arange(videos) % groups]
    right = (generator.random((POINTS, videos)) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    losses = np.where(right, 0.1, 2.0) + 0.01 * generator.random((POINTS, videos))
    points = tuple(
        OperatingPoint(threshold=0.5, accuracy=r.mean(), loss=loss.mean(), gflops=1.0)
        for r, loss in zip(right, losses, strict=True)
    )
    return Outcomes(points, losses, np.ones((POINTS, videos)), right)


def test_measurements_on_other_videos_lie_within_the_intervals():
    """And the accuracy of the very videos that chose does not, which is what it is for."""
    generator = np.random.default_rng(0)
    within = naive = 0
    for _ in range(200):
        here = lucky_outcomes(generator, 120, groups=40, chance=0.8)
        there = lucky_outcomes(generator, 120, groups=40, chance=0.8)
        best = min(here.points, key=lambda point: point.loss)
        (stated,) = promised([best], here, clusters_of(40, 120), [n % 40 % 4 for n in range(120)])
        elsewhere = there.right[0].mean()
        within += stated.accuracy_low <= elsewhere <= stated.accuracy_high
        naive += abs(best.accuracy - elsewhere) < 0.05
    assert within >= 180
    assert naive < 120


def test_the_interval_is_no_wider_than_it_must_be():
    """Independent videos: that of a binomial share of half as many."""
    generator = np.random.default_rng(0)
    right = (generator.random((1, 400)) < 0.8).astype(np.float64)
    point = OperatingPoint(threshold=0.5, accuracy=0.8, loss=0.5, gflops=1.0)
    measured = Outcomes((point,), 1 - right, np.ones((1, 400)), right)

    (stated,) = promised([point], measured, clusters_of(400, 400), [0] * 400)

    assert stated.accuracy == pytest.approx(right.mean())
    assert stated.accuracy_high - stated.accuracy_low == pytest.approx(
        2 * 1.96 * np.sqrt(0.8 * 0.2 / 200), rel=0.1
    )


def test_a_point_is_stated_by_what_it_costs():
    """A cheaper point that is always wrong, and a dear one that is always right."""
    points = tuple(
        OperatingPoint(threshold=t, accuracy=a, loss=1 - a, gflops=g)
        for t, a, g in [(0.9, 0.0, 1.0), (0.1, 1.0, 2.0)]
    )
    right = np.array([[0.0] * 20, [1.0] * 20])
    measured = Outcomes(points, 1 - right, np.array([[1.0] * 20, [2.0] * 20]), right)

    cheap, dear = promised(points, measured, clusters_of(20, 20), [0] * 20)

    assert (cheap.accuracy, dear.accuracy) == pytest.approx((0, 1))
    assert cheap.accuracy_low == 0
    assert 0.1 < cheap.accuracy_high < 0.4
    assert dear.accuracy_high == 1
    assert 0.6 < dear.accuracy_low < 0.9


def test_wilsons_interval_as_published():
    """81 of 263: 0.2553 to 0.3662 (Newcombe, Statistics in Medicine 1998, table I, method 3)."""
    assert wilson_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.95, 0.97])
@pytest.mark.parametrize("number", [20, 33, 60, 100])
def test_of_two_measurements_the_second_lies_where_the_first_says(share, number):
    """Both drawn, as often missed above as below, all right among what can be."""
    generator = np.random.default_rng(0)
    first, second = generator.binomial(number, share, size=(2, 4000)) / number
    ends = {float(one): prediction_interval(float(one), number) for one in np.unique(first)}
    low, high = np.array([ends[float(one)] for one in first]).T

    assert np.mean((low - 1e-9 <= second) & (second <= high + 1e-9)) >= 0.93
    assert max(np.mean(second < low - 1e-9), np.mean(second > high + 1e-9)) < 0.05


@pytest.mark.parametrize(("degrees", "t"), [(7, 1.895), (30, 1.697), (131, 1.657)])
def test_quantiles_of_students_t(degrees, t):
    assert student_quantile(0.95, degrees) == pytest.approx(t, abs=0.01)


def test_clips_of_one_source_are_worth_one_video():
    values = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0], 10)
    groups = [str(number // 10) for number in range(60)]
    alike = Clusters.by(groups, np.full(60, 1 / 60))

    assert alike.effective_number(values) == pytest.approx(5)
    assert alike.effective_number(np.ones(60)) == 6
    assert clusters_of(60, 60).effective_number(values) == pytest.approx(59)
