"""Weights that give a split the mix of classes of another."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.joint.curve.outcomes import even_weights, mixed_like

CLASSES = st.lists(st.integers(0, 4), min_size=1, max_size=30).map(torch.tensor)


def test_classes_weigh_what_they_weigh_among_the_others():
    targets = torch.tensor([0, 0, 0, 1])
    weights = mixed_like(targets, torch.tensor([0, 1, 1, 1]))

    assert weights.tolist() == pytest.approx([1 / 12, 1 / 12, 1 / 12, 3 / 4])


@settings(deadline=None)
@given(CLASSES, CLASSES)
def test_weights_sum_to_one_and_equal_mixes_weigh_evenly(targets, others):
    assert mixed_like(targets, others).sum().item() == pytest.approx(1)
    torch.testing.assert_close(mixed_like(targets, targets), even_weights(len(targets)))


def test_a_class_that_the_others_lack_takes_no_part():
    assert mixed_like(torch.tensor([0, 2]), torch.tensor([0, 1])).tolist() == [1, 0]
    # Where nothing is in common there is nothing to go by.
    assert mixed_like(torch.tensor([3, 4]), torch.tensor([0])).tolist() == [0.5, 0.5]


def test_videos_of_several_labels_weigh_evenly():
    targets = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert mixed_like(targets, targets[:1]).tolist() == [0.5, 0.5]
