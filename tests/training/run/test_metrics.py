import math

import pytest
import torch

from training.run.metrics import mean_average_precision, top_k_accuracy

# Four videos, three classes; rank of the right label: 1, 2, 3, 1.
LOGITS = torch.tensor([[3.0, 1.0, 0.0], [3.0, 2.0, 0.0], [3.0, 2.0, 1.0], [0.0, 1.0, 5.0]])
TARGETS = torch.tensor([0, 1, 2, 2])


@pytest.mark.parametrize(("k", "expected"), [(1, 0.5), (2, 0.75), (3, 1.0), (5, 1.0)])
def test_top_k_counts_the_videos_whose_label_is_among_the_first(k, expected):
    assert top_k_accuracy(LOGITS, TARGETS, k) == expected


def test_top_k_of_several_labels_needs_one_of_them():
    targets = torch.tensor([[0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]])

    assert top_k_accuracy(LOGITS, targets, 1) == 0.0
    assert top_k_accuracy(LOGITS, targets, 2) == 0.5


def test_mean_average_precision_by_hand():
    """Class 0: videos ranked b a c d, of it a and d: (1/2 + 2/4) / 2. Class 1: d c b a, of it d:
    1. Class 2: a b c d, of it b and c: (1/2 + 2/3) / 2."""
    logits = torch.tensor([[2.0, -2.0, 3.0], [3.0, -1.0, 2.0], [1.0, 0.0, 1.0], [0.0, 4.0, -1.0]])
    targets = torch.tensor([[1, 0, 0], [0, 0, 1], [0, 0, 1], [1, 1, 0]])

    expected = ((1 / 2 + 2 / 4) / 2 + 1 + (1 / 2 + 2 / 3) / 2) / 3
    assert mean_average_precision(logits, targets) == pytest.approx(expected, abs=1e-6)


def test_of_one_label_each_video_is_ranked_by_its_softmax():
    """Logits alone would rank the first video first for class 0: 5 > 1; softmax the second."""
    logits = torch.tensor([[5.0, 5.5], [1.0, -3.0], [0.0, 9.0]])

    assert mean_average_precision(logits, torch.tensor([1, 0, 1])) == pytest.approx(1.0)
    assert mean_average_precision(logits, torch.tensor([0, 1, 1])) == pytest.approx(
        (1 / 2 + (1 + 2 / 3) / 2) / 2
    )


def test_confident_logits_are_not_taken_for_equal():
    logits = torch.tensor([[30.0], [25.0], [20.0]])

    assert mean_average_precision(logits, torch.tensor([[1], [0], [0]])) == pytest.approx(1.0)
    assert mean_average_precision(logits, torch.tensor([[0], [0], [1]])) == pytest.approx(1 / 3)


def test_classes_without_videos_are_left_out():
    logits = torch.tensor([[1.0, 9.0], [0.0, 9.0]])

    assert mean_average_precision(logits, torch.tensor([[1, 0], [0, 0]])) == pytest.approx(1.0)
    assert math.isnan(mean_average_precision(logits, torch.zeros(2, 2)))
