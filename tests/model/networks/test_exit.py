"""The exit head: class logits from the policy's own features, one more row of the fusion."""

import pytest
import torch

from model.networks import sample_decisions
from model.spec.model_spec import FusionSpec, PolicySpec
from tests.support.models import LABELS, tiny_model, tiny_spec

SPEC = tiny_spec(
    policy=PolicySpec(joint_width=16, lstm_width=8, exits=True),
    fusion=FusionSpec(renormalizes=True, pools_evidence=True),
)


@pytest.fixture
def model():
    return tiny_model(SPEC)


@pytest.fixture
def features(model):
    generator = torch.Generator().manual_seed(0)
    widths = [model.policy.branch(name).feature_dim for name in SPEC.modality_names]
    return [torch.randn(6, width, generator=generator) for width in widths]


def test_there_is_none_unless_asked_for(features):
    policy = tiny_model().policy
    assert policy.exit is None
    assert policy.joint(features, torch.ones(6, 3)).exit_logits is None


def test_it_is_linear_in_the_features_of_all_branches(model, features):
    exit_logits = model.policy.joint(features, torch.ones(6, 3)).exit_logits
    expected = torch.cat(features, dim=1) @ model.policy.exit.weight.T + model.policy.exit.bias
    torch.testing.assert_close(exit_logits, expected)


def test_decisions_teach_the_joint_layers_and_never_the_exit(model, features):
    joint = model.policy.joint(features, torch.ones(6, 3)).joint
    logits = model.policy.recur(joint.reshape(2, 3, -1))
    sample_decisions(logits, tau=1.0).sum().backward()
    assert model.policy.fc1.weight.grad.abs().sum() > 0
    assert model.policy.exit.weight.grad is None


def test_its_row_always_counts_where_the_policy_ran(model):
    logits, exit_logits = torch.randn(2, 3, 3, len(LABELS)), torch.randn(2, 3, len(LABELS))
    nothing = torch.zeros(2, 3, 3)
    torch.testing.assert_close(model.fuse(logits, nothing, exit_logits).segments, exit_logits)
    assert not model.fuse(logits, nothing).video.any()
    decisions = torch.ones(2, 3, 3)
    weights = model.fusion.weights()
    expected = torch.einsum("m,nsmk->nsk", weights[:3], logits) / weights[:3].sum()
    torch.testing.assert_close(model.fuse(logits, decisions).segments, expected)
    both = torch.cat([logits, exit_logits.unsqueeze(2)], dim=2)
    expected = torch.einsum("m,nsmk->nsk", weights, both)
    torch.testing.assert_close(model.fuse(logits, decisions, exit_logits).segments, expected)


@torch.inference_mode()
def test_routed_equals_masked_beside_an_exit(model):
    generator = torch.Generator().manual_seed(1)
    inputs = {
        "rgb": torch.randint(0, 256, (2, 3, 8, 64, 64, 3), dtype=torch.uint8, generator=generator),
        "audio": torch.randn(2, 3, 256, 256, generator=generator),
        "flow": torch.randint(
            0, 256, (2, 3, 4, 64, 64, 10), dtype=torch.uint8, generator=generator
        ),
    }
    exit_logits = torch.randn(2, 3, len(LABELS), generator=generator)
    for seed in range(4):
        generator.manual_seed(seed)
        decisions = torch.randint(0, 2, (2, 3, 3), generator=generator).float()
        masked = model.masked(inputs, decisions, exit_logits)
        routed = model.routed(inputs, decisions, exit_logits)
        torch.testing.assert_close(routed.video, masked.video, rtol=1e-5, atol=1e-5)
