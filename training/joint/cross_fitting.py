"""What classifiers say of videos that they have not learned from: gains, and how far to believe.

Of videos that it learned from, a classifier is sure and right whatever the segment shows. So the
training videos are divided by source, and each part is judged by classifiers that learned from the
others, above the same frozen trunks.
"""

# Dimensions: V videos (or views of them), S segments, F fused (modalities, exit head), K classes.

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.networks.adamml import AdaMML
from model.networks.fusion import LateFusion
from model.networks.recognizer import Recognizer
from training.configuration.recipe import JointConfig
from training.data.sources.sample import Sample
from training.features.features import Features
from training.joint.efficiency_loss import cost_weights
from training.joint.epoch_pass import JointPass
from training.joint.objective import JointObjective, policy_outputs, recognition_logits
from training.joint.parts import recognition_part, trained_names
from training.joint.schedule import Epoch
from training.run.best import Mean, Weights
from training.run.engine import Engine
from training.run.optimization import Stepper, make_optimizer
from training.run.random_state import mixed_seed
from training.run.run_log import RunLog


def assign_folds(samples: Sequence[Sample], folds: int) -> Tensor:
    """(V,): all of a source in one fold, sources of neighbouring names in different ones.

    Raises ValueError where there are more folds than sources.
    """
    order = {group: place for place, group in enumerate(sorted({one.group for one in samples}))}
    if len(order) < folds:
        raise ValueError(f"folds is {folds}; the training videos are of {len(order)} sources")
    return torch.tensor([order[sample.group] % folds for sample in samples])


def cross_fitted(
    model: AdaMML, train: Features, folds: Tensor, config: JointConfig, seed: int, engine: Engine
) -> Features:
    """`train` with `judged`, (V, S, F, K): each fold's logits by classifiers of the others."""
    judged: Tensor | None = None
    for fold in sorted(set(folds.tolist())):
        fitted = copy.deepcopy(model)
        others, rows = (folds != fold).nonzero()[:, 0], (folds == fold).nonzero()[:, 0]
        own_seed = mixed_seed(seed, f"fold {fold}")
        fit_evidence(fitted, train.select(others), config, own_seed, engine)
        logits = _judge(fitted, train.select(rows).to(engine.hardware.device)).cpu()
        judged = logits.new_zeros(len(train), *logits.shape[1:]) if judged is None else judged
        judged[rows] = logits
    return replace(train, judged=judged)


def fit_evidence(
    model: AdaMML, train: Features, config: JointConfig, seed: int, engine: Engine
) -> None:
    """Train new classifiers of `model` together, in place: all of the recognisers, the exit head
    and the fusion that learns above frozen trunks, for `warmup_epochs`.

    They end as the mean of what they were after each of the later half of the epochs (stochastic
    weight averaging, arXiv:1803.05407): of linear classifiers, the mean of all their answers.
    """
    # Other random numbers than the run's own: what follows must not depend on these.
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        _renew_classifiers(model)
        _fit(model, train, config, torch.Generator().manual_seed(seed), engine)


def _renew_classifiers(model: AdaMML) -> None:
    spec = model.spec
    for modality in spec.modalities:
        new = Recognizer(modality.recognizer, modality.name, spec.inputs, len(spec.labels))
        model.recognizer(modality.name).classifier.load_state_dict(new.classifier.state_dict())
    fusion = LateFusion(spec.fusion, spec.num_fused, len(spec.labels))
    model.fusion.load_state_dict(fusion.state_dict())
    if model.policy.exit is not None:
        model.policy.exit.reset_parameters()


def _fit(
    model: AdaMML,
    train: Features,
    config: JointConfig,
    generator: torch.Generator,
    engine: Engine,
) -> None:
    part = recognition_part(model, config)
    objective = JointObjective(model, config, cost_weights(model.spec, config))
    objective.to(engine.hardware.device)
    quiet = replace(engine, log=RunLog(None))
    one = JointPass(model, part, objective, config=config, generator=generator, engine=quiet)
    groups = [{"params": part.parameters, "lr": part.learning_rate}]
    optimizer = make_optimizer(part.optimizer, groups, weight_decay=config.weight_decay)
    stepper = Stepper(optimizer, engine.hardware.scaler(), clip_gradient=config.clip_gradient)
    mean = Mean(Weights(model, trained_names(model, [part], config)))
    for number in range(config.warmup_epochs):
        one.run(Epoch("warmup", number), train, stepper, lambda _: None)
        if number >= config.warmup_epochs // 2:
            mean.add()
    mean.apply()


@torch.no_grad()
def _judge(model: AdaMML, features: Features) -> Tensor:
    model.eval()
    logits = recognition_logits(model, features).float()
    exits = policy_outputs(model, features).exit_logits
    return logits if exits is None else torch.cat([logits, exits.unsqueeze(2)], dim=2)
