import math

import pytest
import torch

from training.data.targets import accuracy, correctness, is_correct, multi_hot, recognition_loss


def test_one_label_is_cross_entropy():
    logits = torch.tensor([[1.0, 0.0], [0.0, 0.0]])

    losses = recognition_loss(logits, torch.tensor([0, 1]))

    assert losses.tolist() == pytest.approx([math.log(1 + math.exp(-1)), math.log(2)])


def test_several_labels_are_binary_cross_entropies_added_up():
    losses = recognition_loss(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 1.0]]))

    assert losses.tolist() == pytest.approx([3 * math.log(2)])


def test_smoothing_of_several_labels_pulls_both_ways():
    """The best logit for a smoothed target of 0.9 is log(9), not infinity."""
    logits = torch.full((1, 1), math.log(9)).requires_grad_()

    recognition_loss(logits, torch.ones(1, 1), smoothing=0.2).sum().backward()

    assert logits.grad.item() == pytest.approx(0.0, abs=1e-6)


def test_multi_hot():
    assert multi_hot([[0, 2], []], 3).tolist() == [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def test_correct_is_the_label_or_one_of_them():
    logits = torch.tensor([[2.0, 1.0], [2.0, 1.0]])

    assert is_correct(logits, torch.tensor([0, 1])).tolist() == [True, False]
    assert is_correct(logits, multi_hot([[0, 1], [1]], 2)).tolist() == [True, False]
    assert correctness(torch.zeros(1, 2), torch.tensor([1])).tolist() == [0.5]
    assert correctness(torch.zeros(1, 2), multi_hot([[0, 1]], 2)).tolist() == [0.5]


def test_accuracy_is_top_1_or_the_mean_average_precision():
    logits = torch.tensor([[3.0, 0.0, 9.0], [2.0, 1.0, 9.0], [1.0, 2.0, 9.0]])

    assert accuracy(logits[:, :2], torch.tensor([0, 1, 1])) == pytest.approx(2 / 3)
    # Class 0: positives rank 1st and 3rd, (1/1 + 2/3) / 2. Class 1: 2nd, 1/2. Class 2 has none.
    targets = multi_hot([[0], [1], [0]], 3)
    assert accuracy(logits, targets) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
