import pytest
import torch

from training.losses import efficiency_loss, policy_loss

WEIGHTS = torch.tensor([1.0, 0.05])


def test_right_videos_pay_the_square_of_their_usage():
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    decisions = torch.tensor([[[1.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])

    loss = efficiency_loss(logits, torch.tensor([0, 0]), decisions, WEIGHTS, wrong=10.0)

    assert loss.item() == pytest.approx((1.0 * 0.5**2 + 0.05 * 1.0**2) / 2)


def test_wrong_videos_pay_a_constant_and_their_usage_gets_no_gradient():
    """The published code charges the wrong ones by mistake: its means are multiplied."""
    logits = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    decisions = torch.ones(2, 1, 2, requires_grad=True)

    loss = efficiency_loss(logits, torch.tensor([0, 0]), decisions, WEIGHTS, wrong=10.0)
    loss.backward()

    assert loss.item() == pytest.approx((10.5 + 1.05) / 2)
    assert decisions.grad[0].abs().sum() == 0
    assert decisions.grad[1].tolist() == [[pytest.approx(1.0), pytest.approx(0.05)]]


def test_policy_loss_adds_the_cross_entropy():
    logits = torch.zeros(1, 2)
    decisions = torch.zeros(1, 3, 2)

    loss = policy_loss(logits, torch.tensor([0]), decisions, WEIGHTS, wrong=0.0)

    assert loss.item() == pytest.approx(torch.log(torch.tensor(2.0)).item())
