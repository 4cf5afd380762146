"""An exit head that is judged, in training, on videos that it has not seen."""

import dataclasses
import itertools

import pytest
import torch

from model.networks.adamml import AdaMML
from model.spec import PolicySpec
from tests.support.models import LABELS, tiny_spec
from training.features import Features
from training.folded_exit import fit_exit, in_folds
from training.joint import JointTrainer
from training.joint_objective import judge
from training.recipe import JointConfig

NUM_VIDEOS, NUM_SEGMENTS, FOLDS = 40, 2, 4
POLICY = PolicySpec(joint_width=16, lstm_width=8, exits=True, standardizes=True)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return AdaMML(tiny_spec(policy=POLICY)).eval()


def noise_and_label(model, *, telling):
    """Features of noise, in which rgb's first ones tell the label by `telling`."""
    draws = torch.Generator().manual_seed(1)
    targets = torch.arange(NUM_VIDEOS) % len(LABELS)
    networks = {"policy": model.policy.branch, "recognizer": lambda n: model.recognizer(n).trunk}
    values = {}
    for (role, network), name in itertools.product(networks.items(), model.spec.modality_names):
        dim = network(name).feature_dim
        values[role, name] = torch.randn(NUM_VIDEOS, NUM_SEGMENTS, dim, generator=draws)
    values["policy", "rgb"][..., : len(LABELS)] += telling * torch.eye(len(LABELS))[
        targets
    ].unsqueeze(1)
    names = model.spec.modality_names
    features = Features(
        recognition={name: values["recognizer", name] for name in names},
        policy={name: values["policy", name] for name in names},
        silence={name: torch.zeros(model.policy.branch(name).feature_dim) for name in names},
        available=torch.ones(NUM_VIDEOS, NUM_SEGMENTS, len(names)).bool(),
        targets=targets,
    )
    # Two views of every video.
    return in_folds(features, [f"g{row // 2}" for row in range(NUM_VIDEOS)], FOLDS)


def accuracy(logits, features):
    return (logits.mean(1).argmax(1) == features.targets).float().mean().item()


def test_views_of_a_video_share_a_fold_and_folds_are_even(model):
    fold = noise_and_label(model, telling=0).fold

    assert (fold[::2] == fold[1::2]).all()
    assert fold.bincount().tolist() == [NUM_VIDEOS // FOLDS] * FOLDS


def test_it_knows_what_it_has_seen_by_heart_and_the_folds_do_not(model):
    features = noise_and_label(model, telling=0)
    folded = fit_exit(model, features, FOLDS)

    seen = judge(model, dataclasses.replace(features, fold=None), folded).exit_logits
    unseen = judge(model, features, folded).exit_logits
    assert accuracy(seen, features) > 0.9
    assert accuracy(unseen, features) < 0.5


def test_what_tells_the_label_is_learnt_by_all(model):
    features = noise_and_label(model, telling=6)
    folded = fit_exit(model, features, FOLDS)

    for fold in (features.fold, None):
        verdict = judge(model, dataclasses.replace(features, fold=fold), folded)
        assert accuracy(verdict.exit_logits, features) > 0.95


def test_the_joint_stages_leave_a_fitted_exit_as_it_is(model):
    features = noise_and_label(model, telling=6)
    folded = fit_exit(model, features, FOLDS)
    before = model.policy.exit.weight.clone()
    config = JointConfig(warmup_epochs=1, alternating_epochs=1, finetune_epochs=1, exit_folds=FOLDS)
    generator = torch.Generator().manual_seed(0)
    trainer = JointTrainer(model, config, generator=generator, folded=folded)

    trainer.train(features, dataclasses.replace(features, fold=None))

    torch.testing.assert_close(model.policy.exit.weight, before, rtol=0, atol=0)


def test_a_single_group_is_fitted_as_well(model):
    features = in_folds(noise_and_label(model, telling=6), ["one"] * NUM_VIDEOS, FOLDS)

    fit_exit(model, features, FOLDS)

    assert model.policy.exit.weight.isfinite().all()
