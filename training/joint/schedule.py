"""The course of the joint stages: which epoch does what, at which temperature and rate."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from training.configuration.recipe import JointConfig


class Epoch(NamedTuple):
    """One of the joint epochs; `number` counts within its stage."""

    stage: Literal["warmup", "alternating", "finetune"]
    number: int


def joint_epochs(config: JointConfig) -> list[Epoch]:
    if config.folds:
        # The recognisers are what they are to be already, see training.joint.cross_fitting.
        return [Epoch("alternating", number) for number in range(config.alternating_epochs)]
    return [
        *(Epoch("warmup", number) for number in range(config.warmup_epochs)),
        *(Epoch("alternating", number) for number in range(config.alternating_epochs)),
        *(Epoch("finetune", number) for number in range(config.finetune_epochs)),
    ]


def trains_policy(epoch: Epoch, config: JointConfig) -> bool:
    return epoch.stage == "alternating" and not config.keeps_all


def trains_recognition(config: JointConfig) -> bool:
    return not config.folds


def is_averaged(epoch: Epoch, config: JointConfig) -> bool:
    """Whether the policy's weights at its end are one of those whose mean is kept."""
    first = round((1 - config.average_epochs) * config.alternating_epochs)
    return bool(config.folds) and epoch.number >= first


def num_passes(epochs: list[Epoch], config: JointConfig) -> int:
    """Over the training videos: one for each part that learns in an epoch."""
    return sum(trains_policy(epoch, config) + trains_recognition(config) for epoch in epochs)


def temperature(epoch: Epoch, config: JointConfig) -> float:
    """Of the Gumbel-softmax: from start to end over the alternating epochs, by equal factors.

    The reference's schedule, a factor an epoch, goes on into fine-tuning's one more.
    """
    if epoch.stage == "warmup":
        return config.start_temperature
    is_last = epoch.stage == "finetune"
    if config.temperature_decay is not None:
        past = config.alternating_epochs if is_last else epoch.number
        return config.start_temperature * config.temperature_decay**past
    steps = config.alternating_epochs - 1
    share = 1.0 if is_last else epoch.number / max(steps, 1)
    fall = config.end_temperature / config.start_temperature
    return config.start_temperature * math.pow(fall, share)


def rate_factor(epoch: Epoch, config: JointConfig) -> float:
    """By which both learning rates are multiplied; fine-tuning begins anew."""
    if epoch.stage != "alternating":
        return 1.0
    past = epoch.number / config.alternating_epochs
    return 0.1 ** sum(past >= share for share in config.decay_at)
