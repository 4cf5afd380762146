"""YAMNet's published weights, brought to the names and the layout of our network."""

# Dimensions: O output and I input channels, t and f a kernel's size in times and bands.

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.networks.trunk import Trunk

Arrays = dict[str, NDArray[np.float32]]
# Ours by the place in which a layer and its batch norm come in a pair.
_PAIR = (("conv_dw", "bn1"), ("conv_pw", "bn2"))


def load_yamnet(trunk: Trunk, weights: Path) -> None:
    """Initialise a trunk of width 1, whole or truncated, from an .npz of the published variables.

    Entries are "II.name": II the layer's number in order, the name Keras' (kernel,
    depthwise_kernel, beta, moving_mean, moving_variance). The classifier's are left out.

    Raises:
        ValueError: a variable that the trunk needs is missing or has another shape.
    """
    with np.load(weights, allow_pickle=False) as file:
        arrays = {name: np.asarray(file[name], dtype=np.float32) for name in file.files}
    target = trunk.backbone.state_dict()
    state = dict(_tensors(arrays, trunk.num_stages, weights))
    for name, tensor in state.items():
        if tensor.shape != target[name].shape:
            raise ValueError(
                f"{name} of {weights} is {tuple(tensor.shape)}; needed: {tuple(target[name].shape)}"
            )
    # strict=False: batch norm has a scale in ours, 1 here, and a counter.
    trunk.backbone.load_state_dict(state, strict=False)


def _tensors(arrays: Arrays, stages: int, weights: Path) -> Iterator[tuple[str, Tensor]]:
    layers = [("conv_stem.conv", "conv_stem.bn")]
    layers += [(f"blocks.{n}.{a}", f"blocks.{n}.{b}") for n in range(stages) for a, b in _PAIR]
    for number, (convolution, norm) in enumerate(layers):
        yield f"{convolution}.weight", _kernel(arrays, 2 * number, weights)
        for theirs, ours in _NORM.items():
            name = f"{2 * number + 1:02d}.{theirs}"
            yield f"{norm}.{ours}", torch.from_numpy(_entry(arrays, name, weights))


_NORM = {"beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def _kernel(arrays: Arrays, number: int, weights: Path) -> Tensor:
    """(t, f, I, O), depthwise (t, f, O, 1) -> (O, I or 1, f, t)."""
    depthwise = f"{number:02d}.depthwise_kernel"
    if depthwise in arrays:
        return torch.from_numpy(arrays[depthwise].transpose(2, 3, 1, 0).copy())
    kernel = _entry(arrays, f"{number:02d}.kernel", weights)
    return torch.from_numpy(kernel.transpose(3, 2, 1, 0).copy())


def _entry(arrays: Arrays, name: str, weights: Path) -> NDArray[np.float32]:
    if name not in arrays:
        raise ValueError(f"{weights} lacks {name}, which yamnet needs")
    return arrays[name]
