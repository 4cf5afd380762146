"""Image networks by name. A family's library is imported only when one of its networks is built."""

from __future__ import annotations

from importlib import import_module

from model.networks.backbones.base import Backbone
from model.spec.model_spec import Backbone as BackboneName

__all__ = ["Backbone", "build_backbone"]

_MODULES: dict[BackboneName, str] = {
    "resnet18": "resnet",
    "resnet50": "resnet",
    "mobilenet_v2": "mobilenet",
    "efficientnet_b0": "efficientnet",
    "efficientnet_b3": "efficientnet",
    "efficientnet_lite0": "efficientnet_lite",
    "yamnet": "yamnet",
}


def build_backbone(
    name: BackboneName, *, in_channels: int, width: float, num_stages: int | None
) -> Backbone:
    """The layers of `name`, randomly initialised; see NetworkSpec for `width` and `num_stages`."""
    family = import_module(f"{__name__}.{_MODULES[name]}")
    backbone: Backbone = getattr(family, name)(in_channels, width, num_stages)
    return backbone
