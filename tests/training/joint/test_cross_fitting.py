"""Folds hold whole sources; what a fold is judged by has not seen it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from model.networks.adamml import AdaMML
from model.spec.model_spec import PolicySpec
from tests.support.models import LABELS, tiny_spec
from tests.training.joint.test_joint import CONFIG, generator, informative_features
from training.configuration.recipe import JointConfig
from training.data.sources.sample import Sample
from training.joint.calibrating import calibrate
from training.joint.cross_fitting import assign_folds, cross_fitted, fit_evidence
from training.joint.objective import recognition_logits
from training.joint.trainer import JointTrainer
from training.run.checkpointing import StageFile
from training.run.engine import Engine

TAUGHT = CONFIG.model_copy(
    update={"policy_teacher": "gains", "folds": 2, "warmup_epochs": 4, "gain_price": 20}
)


def samples(*groups):
    return [Sample(Path(f"{n}.mp4"), ("a",), "train", group) for n, group in enumerate(groups)]


def test_a_source_lies_in_one_fold_and_folds_are_even():
    groups = [f"{name}_{number}" for name in "ab" for number in range(6) for _ in range(3)]

    folds = assign_folds(samples(*groups), 3)

    by_group = {}
    for group, fold in zip(groups, folds.tolist(), strict=True):
        by_group.setdefault(group, set()).add(fold)
    assert all(len(found) == 1 for found in by_group.values())
    assert folds.bincount().tolist() == [12, 12, 12]
    for name in "ab":
        own = [fold for group, fold in zip(groups, folds, strict=True) if group[0] == name]
        assert torch.stack(own).bincount().tolist() == [6, 6, 6]


def test_more_folds_than_sources_are_refused():
    with pytest.raises(ValueError, match="folds is 3; the training videos are of 2 sources"):
        assign_folds(samples("a", "a", "b"), 3)


def judged_of(model, features, folds):
    return cross_fitted(model, features, folds, TAUGHT, 0, Engine()).judged


def test_a_fold_is_judged_by_classifiers_that_have_not_seen_it():
    """Labels turned over in one fold change what is said of the other alone."""
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    folds = torch.arange(len(features)) // 3 % 2
    turned = replace(
        features, targets=torch.where(folds == 0, (features.targets + 1) % 3, features.targets)
    )

    before, after = judged_of(model, features, folds), judged_of(model, turned, folds)

    assert torch.equal(before[folds == 0], after[folds == 0])
    assert not torch.allclose(before[folds == 1], after[folds == 1])


def test_nothing_of_the_model_and_of_its_random_numbers_changes():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    drawn = torch.get_rng_state()

    judged = judged_of(model, features, torch.arange(len(features)) // 3 % 2)

    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not torch.allclose(judged, recognition_logits(model.eval(), features))


def test_an_exit_head_is_judged_too():
    model = AdaMML(tiny_spec(policy=PolicySpec(joint_width=16, lstm_width=8, exits=True)))
    features = informative_features(model)

    judged = judged_of(model, features, torch.arange(len(features)) // 3 % 2)

    assert judged.shape[2] == model.spec.num_fused == 4


def test_a_policy_learns_from_what_has_not_been_seen_and_alone():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    folds = torch.arange(len(features)) // 3 % 2
    judged = cross_fitted(model, features, folds, TAUGHT, 0, Engine())
    fit_evidence(model, features, TAUGHT, 0, Engine())
    taught = calibrate(model, judged)
    fitted = {name: value.clone() for name, value in model.recognizers.state_dict().items()}
    config = TAUGHT.model_copy(update={"alternating_epochs": 16})

    result = JointTrainer(model, config, generator=generator(0)).train(taught, features)

    state = model.recognizers.state_dict()
    assert all(torch.equal(value, fitted[name]) for name, value in state.items())

    kept = dict(zip(model.spec.modality_names, result.selection, strict=True))
    assert kept["audio"] > 0.9
    assert max(kept["rgb"], kept["flow"]) < 0.1


def trained_policy(average_epochs, epochs, *, file=None, stops_after=None):
    """The policy's first weights at the end, and after each epoch."""
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    features = informative_features(model)
    judged = torch.zeros(*features.available.shape, len(LABELS))
    judged[:, :, 1] = 5 * torch.eye(len(LABELS))[features.targets][:, None]
    changes = {"alternating_epochs": epochs, "decay_at": (), "average_epochs": average_epochs}
    trainer = JointTrainer(model, TAUGHT.model_copy(update=changes), generator=generator(0))
    seen, validate = [], trainer.validate

    def watched(data):
        seen.append(model.policy.fc1.weight.detach().clone())
        if len(seen) == stops_after:
            raise KeyboardInterrupt
        return validate(data)

    trainer.validate = watched
    trainer.train(replace(features, judged=judged), features, file=file)
    return model.policy.fc1.weight.detach().clone(), seen[:epochs]


def test_the_policy_is_the_mean_of_its_last_epochs():
    end, after = trained_policy(0.5, 4)
    last, _ = trained_policy(0.0, 4)

    torch.testing.assert_close(end, torch.stack(after[2:]).mean(dim=0))
    assert torch.equal(last, after[-1])
    assert not torch.equal(end, last)


def test_the_mean_outlives_an_interruption(tmp_path):
    whole, _ = trained_policy(1.0, 4)
    file = StageFile(tmp_path / "joint.pt", {})
    with pytest.raises(KeyboardInterrupt):
        trained_policy(1.0, 4, file=file, stops_after=3)

    resumed, _ = trained_policy(1.0, 4, file=file)

    assert torch.equal(resumed, whole)


@pytest.mark.parametrize("settings", [{"average_epochs": 0.5}, {"mixes_modalities": True}])
def test_what_needs_folds_is_refused_without(settings):
    with pytest.raises(ValidationError, match=f"{next(iter(settings))} needs folds"):
        JointConfig(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"folds": 1, "policy_teacher": "gains"},
        {"folds": 3},
        {"folds": 3, "policy_teacher": "gains", "end_to_end": True},
        {"folds": 3, "policy_teacher": "gains", "warmup_epochs": 0},
    ],
)
def test_folds_are_refused_where_nothing_could_be_judged(settings):
    with pytest.raises(ValidationError, match="folds"):
        JointConfig(**settings)
