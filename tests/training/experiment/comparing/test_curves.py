"""What validation chooses, what lies between two points, and intervals of paired differences."""

import numpy as np
import pytest

from training.evaluation.intervals import paired_difference
from training.experiment.comparing.curves import (
    at_cost,
    chosen,
    frontier,
    lead_over,
    mean_curve,
    right_of,
)


def point(gflops, loss, right):
    accuracy = right.count("1") / len(right)
    val = {"gflops": gflops, "loss": loss}
    test = {"gflops": gflops, "accuracy": accuracy, "right": right}
    return {"dial": f"{gflops}", "val": val, "test": test}


CHEAP = point(1.0, 1.0, "1000")
WORSE = point(2.0, 1.2, "1111")
DEAR = point(3.0, 0.9, "1110")


def test_the_frontier_is_that_of_validation_whatever_test_says():
    assert frontier([DEAR, WORSE, CHEAP]) == [CHEAP, DEAR]


@pytest.mark.parametrize(("dense", "best"), [(10.0, DEAR), (1.0, CHEAP)])
def test_a_tenth_of_a_nat_pays_for_all_of_the_dense_compute(dense, best):
    assert chosen([CHEAP, WORSE, DEAR], dense) is best


def test_between_two_points_the_one_or_the_other_by_chance():
    mixture = at_cost([CHEAP, WORSE, DEAR], 1.5)

    assert mixture.right.tolist() == [1.0, 0.25, 0.25, 0.0]
    assert mixture.accuracy == pytest.approx(0.375)


def test_beyond_the_ends_the_end_or_nothing():
    points = [CHEAP, DEAR]

    assert at_cost(points, 0.9) is None
    assert at_cost(points, 1.0).accuracy == 0.25
    assert at_cost(points, 99.0).accuracy == 0.75


def test_paired_intervals_are_tighter_than_unpaired_ones():
    """Two rows that agree on all hard clips, the one right on a few more."""
    generator = np.random.default_rng(1)
    others = (generator.random(200) < 0.6).astype(float)
    ours = others.copy()
    ours[np.flatnonzero(others == 0)[:10]] = 1

    mean, low, high = paired_difference([ours], [others])

    assert mean == pytest.approx(0.05)
    assert 0.02 < low < mean < high < 0.09
    assert np.sqrt(2 * 0.6 * 0.4 / 200) * 1.96 > 2 * (high - mean)


def test_clips_of_one_source_are_drawn_together():
    """Each source is wholly gained or wholly lost: five sources say much less than fifty clips."""
    ours = np.repeat([1.0, 0.0, 1.0, 1.0, 1.0], 10)
    others = 1 - ours
    sources = [str(number // 10) for number in range(50)]

    apart = paired_difference([ours], [others])
    together = paired_difference([ours], [others], sources)

    assert together.mean == apart.mean == pytest.approx(0.6)
    assert together.high - together.low > 2 * (apart.high - apart.low)
    assert paired_difference([ours], [others], [str(n) for n in range(50)]).low == pytest.approx(
        apart.low, abs=0.05
    )
    with pytest.raises(ValueError, match="49 groups of 50 videos"):
        paired_difference([ours], [others], sources[:-1])


def test_nothing_is_claimed_of_equal_rows_and_other_clips_are_refused():
    same = right_of(WORSE)

    assert paired_difference([same, same], [same, same]) == (0, 0, 0)
    with pytest.raises(ValueError, match="not the same clips"):
        paired_difference([same], [same[:-1]])


def test_a_mean_curve_spans_the_costs_that_all_seeds_have():
    curves = [
        [{"gflops": 1.0, "accuracy": 0.0}, {"gflops": 4.0, "accuracy": 1.0}],
        [{"gflops": 2.0, "accuracy": 0.5}, {"gflops": 8.0, "accuracy": 0.5}],
    ]
    costs, accuracies = mean_curve(curves)

    assert (costs[0], costs[-1]) == (pytest.approx(2.0), pytest.approx(4.0))
    assert accuracies[0] == pytest.approx((1 / 3 + 0.5) / 2)
    assert accuracies[-1] == pytest.approx(0.75)


def test_a_lead_is_at_the_costs_that_both_curves_have():
    def curve(*points):
        return [[{"gflops": cost, "accuracy": accuracy} for cost, accuracy in points]]

    ours, others = curve((1.0, 0.5), (4.0, 0.8)), curve((2.0, 0.5), (8.0, 0.9))

    lead = lead_over(ours, others)

    # At 2 ours has 0.6 and the other 0.5, at 4 0.8 and 0.633.
    assert lead == pytest.approx((0.1, 1 / 6, 2.0, 4.0))
    assert lead_over(ours, curve((5.0, 0.9), (6.0, 0.9))) is None
    assert lead_over(others, ours) == pytest.approx((-1 / 6, -0.1, 2.0, 4.0))
