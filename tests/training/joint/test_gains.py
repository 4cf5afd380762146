"""Gains are Shapley values; a policy taught by them keeps what tells the label."""

import dataclasses

import pytest
import torch

from model.networks.adamml import AdaMML
from model.networks.decisions import decide
from tests.support.models import LABELS, tiny_spec
from tests.training.joint.test_joint import CONFIG, generator, informative_features
from training.joint.gains import draw_orders, gains, gains_alone, teaching_loss
from training.joint.objective import policy_outputs
from training.joint.trainer import JointTrainer


def keep_rate(model, features, name):
    with torch.no_grad():
        logits = policy_outputs(model, features).logits
    column = model.spec.modality_names.index(name)
    return decide(logits, 0.5)[:, :, column].float().mean().item()


def test_gains_are_shared_by_who_brings_them():
    """One item says all, two say the same half, one says nothing: by hand over all orders."""
    says = torch.tensor([2.0, 1.0, 1.0, 0.0])

    def fuse(decisions):
        kept = decisions.flatten(1)
        both = torch.maximum(kept[:, 1] * says[1], kept[:, 2] * says[2])
        margin = kept[:, 0] * says[0] + both
        return torch.stack([margin, -margin], dim=1)

    available = torch.ones(1, 2, 2, dtype=torch.bool)
    targets = torch.zeros(1, dtype=torch.long)
    orders = draw_orders(1, 4, 4000, generator(0))

    gained = gains(fuse, available, targets, orders).flatten()

    # -softplus(-2 * margin) is -0.6931, -0.1269, -0.0182, -0.0025 at margins 0 to 3.
    assert gained.sum() == pytest.approx(0.6931 - 0.0025, abs=1e-3)
    assert gained[0] == pytest.approx(0.675 / 3 + 0.1245 * 2 / 3, abs=0.02)
    assert gained[1] == pytest.approx(0.5662 / 3 + 0.0157 / 6, abs=0.02)
    assert gained[2] == pytest.approx(gained[1].item(), abs=0.02)
    assert gained[3] == 0


def test_what_is_not_available_gains_nothing():
    available = torch.tensor([[[True, False], [True, True]]])

    def fuse(decisions):
        return torch.stack([decisions.sum(dim=(1, 2)), torch.zeros(1)], dim=1)

    orders = draw_orders(1, 4, 3, generator(0))
    gained = gains(fuse, available, torch.zeros(1, dtype=torch.long), orders)

    assert gained[0, 0, 1] == 0
    assert (gained[available] > 0).all()


def test_alone_what_is_said_twice_is_worth_all_of_it():
    """Two segments say the same, a third is not available: each alone gains what both would."""
    available = torch.tensor([[[True], [True], [False]]])

    def fuse(decisions):
        margin = decisions.amax(dim=(1, 2))
        return torch.stack([margin, -margin], dim=1)

    targets = torch.zeros(1, dtype=torch.long)
    alone = gains_alone(fuse, available, targets).flatten()
    shared = gains(fuse, available, targets, draw_orders(1, 3, 500, generator(0))).flatten()

    # log 2 - log(1 + exp(-2)) nats.
    assert alone.tolist() == pytest.approx([0.5662, 0.5662, 0.0], abs=1e-4)
    assert shared.tolist() == pytest.approx([0.2831, 0.2831, 0.0], abs=0.02)


@pytest.mark.parametrize(("least", "kept"), [(0.0, 1.0), (5.0, 0.0)])
def test_what_gains_less_than_the_least_is_not_worth_keeping(least, kept):
    """Sound tells the label; of the likeliest of a few labels nothing tells five nats."""
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    judged = torch.zeros(*features.available.shape, len(LABELS))
    judged[:, :, model.spec.modality_names.index("audio")] = (
        5 * torch.eye(len(LABELS))[features.targets][:, None]
    )
    changes = {"policy_teacher": "gains", "folds": 2, "alternating_epochs": 12, "gain_price": 0.0}
    changes |= {"gain_alone": ("audio",), "gain_least": {"audio": least}}
    config = CONFIG.model_copy(update=changes)

    trainer = JointTrainer(model, config, generator=generator(0))
    trainer.train(dataclasses.replace(features, judged=judged), features)

    assert keep_rate(model, features, "audio") == pytest.approx(kept, abs=0.1)


def test_only_what_is_available_teaches():
    logits = torch.zeros(1, 2, 1, 2, requires_grad=True)
    available = torch.tensor([[[True], [False]]])

    teaching_loss(logits, torch.ones(1, 2, 1), available).sum().backward()

    assert logits.grad[0, 0].tolist() == [[0.5, -0.5]]
    assert not logits.grad[0, 1].any()


def test_the_expected_gain_decides_and_not_how_often_there_is_one():
    """Three of four gain a little by chance, the fourth loses more than all of them together."""
    stakes = torch.tensor([0.1, 0.1, 0.1, -0.5]).reshape(4, 1, 1)
    difference = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([difference], max_iter=50)
    available = torch.ones(4, 1, 1, dtype=torch.bool)

    def closure():
        optimizer.zero_grad()
        logits = torch.stack([torch.zeros(1), difference], dim=1).expand(4, 1, 1, 2)
        loss = teaching_loss(logits, stakes, available).sum()
        loss.backward()
        return loss

    optimizer.step(closure)

    assert torch.sigmoid(difference).item() == pytest.approx(0.3 / 0.8, abs=1e-3)


def test_a_modality_of_small_gains_teaches_as_much():
    stakes = torch.tensor([[[1.0, 0.01]], [[-1.0, -0.01]]])
    logits = torch.zeros(2, 1, 2, 2, requires_grad=True)

    teaching_loss(logits, stakes, torch.ones(2, 1, 2, dtype=torch.bool)).sum().backward()

    torch.testing.assert_close(logits.grad[:, :, 0], logits.grad[:, :, 1])


def test_a_policy_taught_by_gains_keeps_what_tells_the_label():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    config = CONFIG.model_copy(
        update={"policy_teacher": "gains", "alternating_epochs": 8, "gain_price": 20}
    )
    features = informative_features(model)

    result = JointTrainer(model, config, generator=generator(0)).train(features, features)

    assert result.accuracy == 1.0
    kept = dict(zip(model.spec.modality_names, result.selection, strict=True))
    assert kept["audio"] > 0.9
    assert max(kept["rgb"], kept["flow"]) < 0.1
