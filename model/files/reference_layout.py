"""The published implementation's tensors (IBM/AdaMML): which model they make, and our names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from torch import Tensor

from model.spec.model_spec import (
    Backbone,
    FusionSpec,
    Modality,
    ModalitySpec,
    ModelSpec,
    PolicySpec,
    Proxy,
)
from model.spec.presets import paper_modality

Tensors = Mapping[str, Tensor]
T = TypeVar("T")

# What an input is, by the channels that the first convolution takes.
_SOURCES: dict[int, Proxy] = {1: "audio", 3: "rgb", 10: "flow", 15: "rgb_diff"}
_MODALITIES: dict[int, Modality] = {1: "audio", 3: "rgb", 10: "flow"}

_MAIN = re.compile(r"main_net\.nets\.(\d+)\.(.+)")
_BRANCH = re.compile(r"policy_net\.joint_net\.nets\.(\d+)\.(.+)")
_BLOCK = re.compile(r"features\.(\d+)\.conv\.(\d+)\.(.+)")
# Prefixes outside the backbones.
_PARTS = {
    "policy_net.joint_net.joint.0.": "policy.fc1.",
    "policy_net.joint_net.joint.2.": "policy.fc2.",
    "policy_net.lstm.": "policy.lstm.",
    "policy_net.fcs.": "policy.heads.",
    "main_net.lf_weights": "fusion.free_weights",
}
_CLASSIFIERS = ("fc.", "classifier.1.")
_CLASSIFIER_BIAS = re.compile(r"main_net\.nets\.\d+\.(fc|classifier\.1)\.bias")
# Where torchvision keeps what the policy's MobileNetV2 numbers through a block: the first block
# has no expansion in front. 0, 3, 6 are convolutions, 1, 4, 7 their normalisations.
_FIRST_BLOCK = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}
_OTHER_BLOCKS = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}


class LayoutError(ValueError):
    """The tensors are not those of a model that the published implementation makes."""


def infer_spec(tensors: Tensors, *, name: str, labels: Sequence[str]) -> ModelSpec:
    """The model that `tensors` belong to; their order of modalities becomes the spec's.

    What no tensor shows is taken as published: 8 frames, of which the policy sees 4 at 160 pixels;
    temporal pooling; 256x256 spectrograms.
    """
    modalities = _modalities(tensors)
    joint = _tensor(tensors, "policy_net.joint_net.joint.0.weight")
    recurrent = tensors.get("policy_net.lstm.weight_hh")
    spec = ModelSpec(
        name=name,
        labels=tuple(labels),
        modalities=modalities,
        policy=PolicySpec(
            joint_width=joint.shape[0],
            lstm_width=None if recurrent is None else recurrent.shape[1],
            feeds_back_logits=recurrent is not None,
        ),
        fusion=FusionSpec(rule="weighted" if "main_net.lf_weights" in tensors else "average"),
    )
    _check_classes(tensors, spec)
    return spec


def our_name(name: str, modalities: Sequence[Modality]) -> str | None:
    """Our name of one of the reference's tensors; None when nothing of ours corresponds."""
    if (match := _MAIN.fullmatch(name)) and int(match[1]) < len(modalities):
        return f"recognizers.{modalities[int(match[1])]}.{_recognizer_name(match[2])}"
    if (match := _BRANCH.fullmatch(name)) and int(match[1]) < len(modalities):
        backbone = f"policy.branches.{modalities[int(match[1])]}.backbone"
        return f"{backbone}.{_mobilenet_name(match[2])}"
    for prefix, ours in _PARTS.items():
        if name.startswith(prefix):
            return ours + name.removeprefix(prefix)
    return None


def _recognizer_name(name: str) -> str:
    """Both recognition networks carry torchvision's names; only the classifier moves."""
    for classifier in _CLASSIFIERS:
        if name.startswith(classifier):
            return f"classifier.{name.removeprefix(classifier)}"
    return f"trunk.backbone.{name}"


def _mobilenet_name(name: str) -> str:
    """The policy's MobileNetV2 has flat blocks, and its last convolution outside `features`."""
    if name.startswith("conv."):
        return f"features.18.{name.removeprefix('conv.')}"
    if not (match := _BLOCK.fullmatch(name)):
        return name
    names = _FIRST_BLOCK if match[1] == "1" else _OTHER_BLOCKS
    return f"features.{match[1]}.conv.{names.get(match[2], match[2])}.{match[3]}"


def _modalities(tensors: Tensors) -> tuple[ModalitySpec, ...]:
    count = len({match[1] for name in tensors if (match := _MAIN.fullmatch(name))})
    if count == 0 or not any(_BRANCH.fullmatch(name) for name in tensors):
        raise LayoutError(
            "there are no main_net.nets.* and policy_net.joint_net.nets.* tensors: not an"
            " adaptive model of the published implementation (a unimodal one has no policy)"
        )
    return tuple(_modality(tensors, index) for index in range(count))


def _modality(tensors: Tensors, index: int) -> ModalitySpec:
    main = f"main_net.nets.{index}"
    backbone = _backbone(tensors, main)
    stem = "features.0.0" if backbone == "mobilenet_v2" else "conv1"
    name = _by_channels(tensors, f"{main}.{stem}.weight", _MODALITIES)
    branch = f"policy_net.joint_net.nets.{index}.features.0.0.weight"
    proxy = _by_channels(tensors, branch, _SOURCES)
    try:
        return paper_modality(name, proxy, backbone)
    except ValueError as error:
        raise LayoutError(
            f"policy network {index} sees {proxy} but gates {main}, which sees {name};"
            " such a pair has no place in a spec"
        ) from error


def _backbone(tensors: Tensors, main: str) -> Backbone:
    if f"{main}.features.0.0.weight" in tensors:
        return "mobilenet_v2"
    # Only the deeper family's blocks have a third convolution.
    return "resnet50" if f"{main}.layer1.0.conv3.weight" in tensors else "resnet18"


def _by_channels(tensors: Tensors, name: str, known: Mapping[int, T]) -> T:
    channels = _tensor(tensors, name).shape[1]
    if channels not in known:
        meanings = ", ".join(f"{count}: {source}" for count, source in known.items())
        raise LayoutError(f"{name} takes {channels} channels; known are {meanings}")
    return known[channels]


def _check_classes(tensors: Tensors, spec: ModelSpec) -> None:
    for name, tensor in tensors.items():
        if _CLASSIFIER_BIAS.fullmatch(name) and len(tensor) != len(spec.labels):
            raise LayoutError(
                f"the checkpoint has {len(tensor)} classes, the label list {len(spec.labels)}"
            )


def _tensor(tensors: Tensors, name: str) -> Tensor:
    if name not in tensors:
        raise LayoutError(f"the tensor {name} is missing")
    return tensors[name]
