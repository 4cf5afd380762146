"""A policy's features have mean 0 and spread 1 over the training videos that have the modality."""

import dataclasses

import pytest
import torch

from model.networks.adamml import AdaMML
from model.spec.model_spec import PolicySpec
from tests.support.models import tiny_spec
from tests.support.raw_features import raw_features
from training.features.pooling import pool
from training.features.standardizing import standardize_policy
from training.run.engine import Engine

POLICY = PolicySpec(joint_width=16, lstm_width=8, exits=True, standardizes=True, dropout=0.5)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return AdaMML(tiny_spec(policy=POLICY)).eval()


@pytest.fixture
def features(model):
    """Features whose statistics are far from 0 and 1; audio is absent in two videos of six."""
    with torch.no_grad():
        pooled = pool(model, raw_features(model))
    rows = {name: 5 + 3 * torch.randn(value.shape) for name, value in pooled.policy.items()}
    available = pooled.available.clone()
    available[:2, :, model.spec.modality_names.index("audio")] = False
    rows["audio"][:2] = 1000.0
    return dataclasses.replace(pooled, policy=rows, available=available)


def standardized(model, features, layer="exit"):
    """(rows, D): what the layer is given, but for the exit's logits and availability behind."""
    seen = []
    module = model.policy.get_submodule(layer)
    handle = module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    rows = [features.policy[name].flatten(0, 1) for name in model.spec.modality_names]
    model.policy.joint(rows, features.available.flatten(0, 1))
    handle.remove()
    width = model.policy.exit.in_features
    return seen[0].detach()[:, :width]


def test_available_rows_get_mean_zero_and_spread_one(model, features):
    standardize_policy(model, features, Engine())

    widths = [model.policy.branch(name).feature_dim for name in model.spec.modality_names]
    rgb, audio, _ = standardized(model, features).split(widths, dim=1)
    for rows in (rgb, audio[4:]):
        torch.testing.assert_close(rows.mean(0), torch.zeros(rows.shape[1]), rtol=0, atol=0.01)
        torch.testing.assert_close(rows.std(0), torch.ones(rows.shape[1]), rtol=0, atol=0.01)


def test_raw_inputs_give_what_their_pooled_features_give(model):
    raw = raw_features(model)
    standardize_policy(model, raw, Engine())
    ours = model.policy.get_buffer("feature_mean").clone()
    with torch.no_grad():
        standardize_policy(model, pool(model, raw), Engine())

    torch.testing.assert_close(model.policy.get_buffer("feature_mean"), ours)


def test_a_modality_that_no_video_has_stays_as_it_is(model, features):
    available = torch.zeros_like(features.available)
    standardize_policy(model, dataclasses.replace(features, available=available), Engine())

    assert not model.policy.get_buffer("feature_mean").any()
    assert (model.policy.get_buffer("feature_scale") == 1).all()


def test_features_are_dropped_in_training_alone(model, features):
    assert standardized(model, features, "fc1").ne(0).all()
    model.policy.dropout.train()
    dropped = standardized(model, features, "fc1").eq(0).float().mean()
    assert 0.4 < dropped < 0.6


def test_the_exit_head_sees_every_feature_even_in_training(model, features):
    model.policy.dropout.train()
    assert standardized(model, features).ne(0).all()
