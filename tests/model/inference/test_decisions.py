import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.common.errors import BudgetTooSmallError
from model.inference.decisions import Budget, choose, keep_probabilities

MACS = (100, 10, 120)
ALL = np.ones((2, 3), dtype=np.bool_)


def test_probability_is_the_sigmoid_of_the_difference():
    logits = np.array([[[0.0, 1.0], [2.0, -1.0]]], dtype=np.float32)

    assert keep_probabilities(logits) == pytest.approx(
        np.array([[1 / (1 + np.exp(-1)), 1 / (1 + np.exp(3))]])
    )


def test_probability_of_extreme_outputs_neither_overflows_nor_warns():
    logits = np.array([[[-3e4, 3e4], [3e4, -3e4]]], dtype=np.float32)

    assert keep_probabilities(logits).tolist() == [[1.0, 0.0]]


def test_keeps_what_exceeds_the_threshold_and_is_a_candidate():
    probabilities = np.array([[0.5, 0.51, 0.9], [0.2, 0.8, 0.7]])
    candidates = np.array([[True, True, False], [True, True, True]])

    kept = choose(probabilities, candidates, threshold=0.5, macs=MACS)

    assert kept.tolist() == [[False, True, False], [False, True, True]]


def test_keeps_the_most_probable_when_nothing_exceeds_the_threshold():
    probabilities = np.array([[0.1, 0.2, 0.3], [0.1, 0.25, 0.2]])
    candidates = np.array([[True, True, False], [True, True, True]])

    kept = choose(probabilities, candidates, threshold=0.5, macs=MACS)

    assert kept.tolist() == [[False, False, False], [False, True, False]]


def test_keeps_nothing_where_there_is_no_candidate():
    assert not choose(np.full((2, 3), 0.9), ~ALL, threshold=0.5, macs=MACS).any()


def test_budget_admits_by_probability_per_multiply_add_until_one_does_not_fit():
    probabilities = np.array([[0.9, 0.6, 0.8], [0.95, 0.7, 0.6]])

    # Worth per multiply-add: audio of segment 1, of segment 0, then rgb of segment 1, of 0, flow.
    kept = choose(
        probabilities, ALL, threshold=0.5, macs=MACS, budget=Budget(ceiling=150, spent=30)
    )

    assert kept.tolist() == [[False, True, False], [True, True, False]]


def test_budget_stops_at_the_first_that_does_not_fit():
    probabilities = np.array([[0.9, 0.0, 0.9], [0.0, 0.0, 0.0]])

    kept = choose(
        probabilities, ALL, threshold=0.5, macs=(100, 10, 110), budget=Budget(ceiling=99, spent=0)
    )

    assert not kept.any()


def test_ties_go_to_the_earlier_segment():
    kept = choose(np.full((2, 3), 0.9), ALL, threshold=0.5, macs=(10, 10, 10), budget=Budget(20, 0))

    assert kept.tolist() == [[True, True, False], [False, False, False]]


def test_fallback_takes_the_most_probable_that_the_budget_affords():
    probabilities = np.array([[0.4, 0.1, 0.3], [0.3, 0.2, 0.3]])

    kept = choose(probabilities, ALL, threshold=0.5, macs=MACS, budget=Budget(50, 0))

    assert kept.tolist() == [[False, False, False], [False, True, False]]


@given(
    probabilities=arrays(np.float64, (4, 3), elements=st.floats(0, 1)),
    candidates=arrays(np.bool_, (4, 3)),
    ceiling=st.integers(0, 1200),
    threshold=st.floats(0, 1),
)
def test_budget_is_never_exceeded(probabilities, candidates, ceiling, threshold):
    kept = choose(
        probabilities, candidates, threshold=threshold, macs=MACS, budget=Budget(ceiling, 0)
    )

    assert (kept * np.array(MACS)).sum() <= ceiling
    assert not (kept & ~candidates).any()


def test_too_small_a_budget_is_refused_with_both_numbers():
    with pytest.raises(BudgetTooSmallError, match=r"max_gflops is 0\.5; the policy alone takes 2"):
        Budget(ceiling=500_000_000, spent=0).require(2_000_000_000, "the policy")


@given(st.floats(1e-6, 1e6))
def test_ceiling_is_the_largest_count_within_the_budget(max_gflops):
    ceiling = Budget.of(max_gflops, spent=0).ceiling

    assert ceiling / 1e9 <= max_gflops < (ceiling + 2) / 1e9


def test_ceiling_of_an_exact_count_is_that_count():
    for count in (123_456_789, 16_690_000_001, 999_999_999_999):
        assert Budget.of(count / 1e9, spent=0).ceiling == count


def test_a_second_look_is_worth_less():
    logits = np.zeros((3, 2, 2), dtype=np.float32)
    logits[:, 0, 1] = [1.0, 3.0, 2.0]
    logits[:, 1, 1] = [0.5, 0.5, -1.0]
    plain = keep_probabilities(logits)

    less = keep_probabilities(logits, returns=0.5)

    factors = np.array([[0.25, 1.0], [1.0, 0.5], [0.5, 0.25]])
    np.testing.assert_allclose(less, plain * factors)
    np.testing.assert_allclose(keep_probabilities(logits[None], returns=0.5), less[None])


def test_a_budget_then_takes_one_of_each_before_a_second():
    logits = np.zeros((2, 2, 2), dtype=np.float32)
    logits[..., 1] = [[3.0, 1.0], [2.9, 0.9]]
    candidates, macs = np.ones((2, 2), dtype=bool), [10, 10]

    def chosen(returns):
        return choose(
            keep_probabilities(logits, returns),
            candidates,
            threshold=0.0,
            macs=macs,
            budget=Budget(20, spent=0),
        ).tolist()

    assert chosen(1.0) == [[True, False], [True, False]]
    assert chosen(0.5) == [[True, True], [False, False]]
