import pytest
import torch

from tests.support.models import tiny_spec
from training.configuration.recipe import JointConfig
from training.joint.efficiency_loss import cost_weights, efficiency_loss, policy_loss

WEIGHTS = torch.tensor([1.0, 0.05])
HARD = JointConfig()
RIGHT_AND_WRONG = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
LABELS = torch.tensor([0, 0])


def test_right_videos_pay_the_square_of_their_usage():
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    decisions = torch.tensor([[[1.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])

    paid = efficiency_loss(logits, LABELS, decisions, WEIGHTS, HARD)

    assert paid.tolist() == pytest.approx([1.0 * 0.5**2 + 0.05 * 1.0**2, 0.0])


def test_wrong_videos_pay_a_constant_and_their_usage_gets_no_gradient():
    decisions = torch.ones(2, 1, 2, requires_grad=True)

    paid = efficiency_loss(RIGHT_AND_WRONG, LABELS, decisions, WEIGHTS, HARD)
    paid.mean().backward()

    assert paid.tolist() == pytest.approx([1.05, 10.5])
    assert decisions.grad[0].tolist() == [[pytest.approx(1.0), pytest.approx(0.05)]]
    assert decisions.grad[1].abs().sum() == 0


def test_soft_correctness_gives_the_penalty_a_gradient():
    """As printed, gamma changes no weight whatever its value."""

    def gradient(config):
        logits = RIGHT_AND_WRONG.clone().requires_grad_()
        paid = efficiency_loss(logits, LABELS, torch.zeros(2, 1, 2), WEIGHTS, config).sum()
        if not paid.requires_grad:
            return torch.zeros_like(logits)
        paid.backward()
        return logits.grad

    assert gradient(HARD).abs().sum() == 0
    soft = gradient(JointConfig(efficiency_loss="soft"))
    assert (soft[:, 0] < 0).all(), "a more probable label costs less"
    half = gradient(JointConfig(efficiency_loss="soft", wrong_penalty=5.0))
    torch.testing.assert_close(half, soft / 2)


def test_soft_costs_are_weighted_with_the_probability():
    config = JointConfig(efficiency_loss="soft", wrong_penalty=2.0)
    logits = torch.tensor([[0.0, 0.0]])

    paid = efficiency_loss(logits, LABELS[:1], torch.ones(1, 1, 2), WEIGHTS, config)

    assert paid.item() == pytest.approx(0.5 * 1.05 + 0.5 * 2.0 * 1.05)


def test_the_broadcast_of_the_reference_charges_the_wrong_ones_as_well():
    """Its figures for two wrong videos that use all and two right ones that use nothing.

    gamma once, not times lambda: 0.2625 is what the published code gives without it.
    """
    logits = torch.tensor([[0.0, 2.0], [0.0, 2.0], [2.0, 0.0], [2.0, 0.0]])
    decisions = torch.cat([torch.ones(2, 1, 2), torch.zeros(2, 1, 2)]).requires_grad_()
    config = JointConfig(efficiency_loss="broadcast", wrong_penalty=0.0)

    paid = efficiency_loss(logits, torch.zeros(4, dtype=torch.long), decisions, WEIGHTS, config)
    paid.mean().backward()

    assert paid.mean().item() == pytest.approx(0.5 * 0.5 * 1.05)
    assert (decisions.grad[:2] > 0).all()
    assert decisions.grad[2:].abs().sum() == 0
    ten = efficiency_loss(
        logits,
        torch.zeros(4, dtype=torch.long),
        decisions,
        WEIGHTS,
        JointConfig(efficiency_loss="broadcast"),
    )
    assert ten.mean().item() == pytest.approx(0.2625 + 10.0 * 0.5)


def test_without_an_efficiency_loss_nothing_is_paid():
    config = JointConfig(efficiency_loss="none")

    paid = efficiency_loss(RIGHT_AND_WRONG, LABELS, torch.ones(2, 1, 2), WEIGHTS, config)

    assert paid.tolist() == [0.0, 0.0]


def test_policy_loss_adds_the_cross_entropy():
    config = JointConfig(wrong_penalty=0.0)

    loss = policy_loss(torch.zeros(1, 2), LABELS[:1], torch.zeros(1, 3, 2), WEIGHTS, config)

    assert loss.item() == pytest.approx(torch.log(torch.tensor(2.0)).item())


def test_of_several_labels_the_best_scored_must_be_one():
    logits = torch.tensor([[3.0, 1.0, 0.0], [3.0, 1.0, 0.0]])
    targets = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])

    paid = efficiency_loss(logits, targets, torch.ones(2, 1, 2), WEIGHTS, HARD)

    assert paid.tolist() == pytest.approx([1.05, 10.5])


def test_lambda_follows_the_costs_or_is_equal_or_given():
    spec = tiny_spec()
    macs = [spec.costs.recognition[name].total for name in spec.modality_names]

    proportional = cost_weights(spec, JointConfig(max_cost_weight=0.4))
    assert proportional.max().item() == pytest.approx(0.4)
    assert (proportional / proportional[0]).tolist() == pytest.approx([m / macs[0] for m in macs])
    assert cost_weights(spec, JointConfig(cost_rule="equal")).tolist() == [0.5] * 3
    given = {"flow": 0.8, "rgb": 0.5, "audio": 0.05}
    weights = cost_weights(spec, JointConfig(cost_weights=given))
    assert weights.tolist() == pytest.approx([0.5, 0.05, 0.8])
