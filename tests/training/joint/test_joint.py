"""The three stages on made-up features in which it is known which modality tells the label."""

import dataclasses

import pytest
import torch

from model.networks.adamml import AdaMML
from tests.support.models import LABELS, tiny_spec
from training.configuration.recipe import JointConfig
from training.features.features import Features
from training.joint.trainer import JointTrainer

NUM_VIDEOS, NUM_SEGMENTS = 96, 3
CONFIG = JointConfig(
    warmup_epochs=5,
    alternating_epochs=20,
    finetune_epochs=2,
    batch_videos=16,
    recognition_learning_rate=0.03,
    policy_learning_rate=0.01,
    drop_audio=0.0,
    cost_weights={"rgb": 0.5, "audio": 0.5, "flow": 0.5},
)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def informative_features(model, *, telling="audio", seed=0):
    """Only `telling` carries the label; the policy's features are the same noise everywhere."""
    draws = generator(seed)
    labels = torch.arange(NUM_VIDEOS) % len(LABELS)
    recognition, policy, silence = {}, {}, {}
    for name in model.spec.modality_names:
        dim = model.recognizer(name).trunk.feature_dim
        rows = 0.1 * torch.randn(NUM_VIDEOS, NUM_SEGMENTS, dim, generator=draws)
        if name == telling:
            rows[..., : len(LABELS)] += 3 * torch.eye(len(LABELS))[labels].unsqueeze(1)
        recognition[name] = rows
        dim = model.policy.branch(name).feature_dim
        policy[name] = torch.randn(NUM_VIDEOS, NUM_SEGMENTS, dim, generator=draws)
        silence[name] = torch.zeros(dim)
    available = torch.ones(NUM_VIDEOS, NUM_SEGMENTS, 3, dtype=torch.bool)
    return Features(recognition, policy, silence, available, labels)


def trained(seed=0):
    torch.manual_seed(seed)
    model = AdaMML(tiny_spec())
    trainer = JointTrainer(model, CONFIG, generator=generator(seed))
    features = informative_features(model)
    result = trainer.train(features, features)
    return trainer, features, result


def test_learns_to_keep_what_tells_the_label_and_to_drop_the_rest():
    trainer, _, result = trained()

    rates = dict(zip(trainer.model.spec.modality_names, result.selection, strict=True))
    assert result.accuracy == 1.0
    assert rates["audio"] > 0.5
    assert rates["rgb"] < 0.1
    assert rates["flow"] < 0.1


def test_same_seed_same_bits():
    first, second = (trained()[0].model.state_dict() for _ in range(2))

    assert all(torch.equal(first[name], second[name]) for name in first)


def test_branches_and_trunks_are_left_alone():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    features = informative_features(model)
    JointTrainer(model, CONFIG, generator=generator(0)).train(features, features)

    changed = {n for n, tensor in model.state_dict().items() if not torch.equal(tensor, before[n])}
    assert changed
    assert not [name for name in changed if "branches" in name or "trunk" in name]


def test_a_dropped_modality_is_unavailable_and_the_policy_hears_silence():
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    silenced = torch.arange(NUM_VIDEOS) < 5

    changed = features.without("audio", 1, silenced)

    assert not changed.available[:5, :, 1].any()
    assert changed.available[5:].all()
    assert (changed.policy["audio"][:5] == features.silence["audio"]).all()
    assert torch.equal(changed.policy["audio"][5:], features.policy["audio"][5:])


def test_a_loss_that_is_not_finite_stops_training():
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    broken = {**features.recognition, "rgb": features.recognition["rgb"] * float("nan")}

    with pytest.raises(
        FloatingPointError, match=r"the loss is nan in warmup.recognition, epoch 0, step 0"
    ):
        JointTrainer(model, CONFIG, generator=generator(0)).train(
            dataclasses.replace(features, recognition=broken), features
        )
