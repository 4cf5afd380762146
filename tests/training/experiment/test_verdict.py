"""Decisions beside the truth: by hand."""

import numpy as np
import pytest

from training.experiment.verdict import verdict


def test_shares_are_of_the_informative_and_of_the_others():
    kept = np.array([[True, True, False, False], [True, False, False, False]])
    truth = np.array([[True, False, True, False], [True, False, False, False]])

    found = verdict(kept, truth, np.array([0, 1]))

    assert found.recall == pytest.approx(2 / 3)
    assert found.specificity == pytest.approx(4 / 5)
    assert found.balanced_accuracy == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_a_choice_that_follows_the_class_alone_tells_nothing_more():
    """All segments of class 0 are kept, none of class 1, and only class 0 informs, in half."""
    truth = np.array([[True, False], [False, True], [False, False], [False, False]])
    labels = np.array([0, 0, 1, 1])
    by_class = np.repeat(labels[:, None] == 0, 2, axis=1)

    assert verdict(by_class, truth, labels).information == pytest.approx(0.0, abs=1e-12)
    assert verdict(by_class, truth, labels).balanced_accuracy > 0.8
    # One bit in each segment of class 0, which half of the segments are.
    assert verdict(truth, truth, labels).information == pytest.approx(0.5)
    assert verdict(truth, truth, labels).entropy == pytest.approx(0.5)
    assert verdict(~truth, truth, labels).information == pytest.approx(0.5)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        verdict(np.ones((2, 3), dtype=bool), np.ones((2, 2), dtype=bool), np.array([0, 1]))
