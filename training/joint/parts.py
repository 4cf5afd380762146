"""Recognition and policy: the two parts of a model that learn in turns, one frozen by the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from torch import nn

from model.networks.adamml import AdaMML
from training.configuration.recipe import JointConfig, Optimizer


@dataclass(frozen=True, slots=True)
class Part:
    """Parameters that learn together, and how."""

    name: Literal["recognition", "policy"]
    parameters: list[nn.Parameter]
    optimizer: Optimizer
    learning_rate: float


def recognition_part(model: AdaMML, config: JointConfig) -> Part:
    """Recognisers, of which without `end_to_end` the classifiers alone; fusion and exit head."""
    modules: list[nn.Module] = [model.fusion]
    if model.policy.exit is not None:
        modules.append(model.policy.exit)
    for name in model.spec.modality_names:
        recognizer = model.recognizer(name)
        modules.append(recognizer if config.end_to_end else recognizer.classifier)
    parameters = [parameter for module in modules for parameter in module.parameters()]
    rate = config.recognition_learning_rate
    return Part("recognition", parameters, config.recognition_optimizer, rate)


def policy_part(model: AdaMML, config: JointConfig) -> Part:
    """What decides: the policy but for its exit head, and but for its branches if frozen."""
    others = ("exit.",) if config.end_to_end else ("exit.", "branches.")
    parameters = [
        parameter
        for name, parameter in model.policy.named_parameters()
        if not name.startswith(others)
    ]
    return Part("policy", parameters, config.policy_optimizer, config.policy_learning_rate)


def trained_names(model: AdaMML, parts: Iterable[Part], config: JointConfig) -> set[str] | None:
    """Entries of the model's state that these stages change; None: all, statistics included."""
    if config.end_to_end:
        return None
    trained = {id(parameter) for part in parts for parameter in part.parameters}
    return {name for name, parameter in model.named_parameters() if id(parameter) in trained}


def train_only(model: AdaMML, part: Part) -> None:
    """Nothing but the part's parameters gets gradients."""
    model.requires_grad_(False)
    for parameter in part.parameters:
        parameter.requires_grad_(True)


def set_modes(model: AdaMML, part: Part, config: JointConfig) -> None:
    """What is frozen neither drops out nor follows the batches, unless the config says so."""
    learns = {"recognition": part.name == "recognition", "policy": part.name == "policy"}
    model.eval()
    model.policy.dropout.train()
    model.recognizers.train(learns["recognition"] or config.frozen_dropout)
    networks: dict[str, nn.Module] = {"recognition": model.recognizers, "policy": model.policy}
    for name, network in networks.items():
        follows = {"fixed": False, "trained": learns[name], "drifting": True}[config.norm]
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.train(follows)
