"""What frozen stages make of cached inputs: computed once, instead of in every epoch."""

# Dimensions: V videos (or views), S segments, F frames of the network.

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from model.networks.trunk import Trunk
from training.cache import InputCache
from training.manifest import Sample
from training.views import View

Item = tuple[Sample, View]
CALIBRATION_VIDEOS = 96


@torch.no_grad()
def stage_outputs(
    trunk: Trunk, cache: InputCache, items: Sequence[Item], stream: str, stage: int | None
) -> Tensor:
    """(V, S, F, c, h, w) half: what `stage` hands on. None: the cached (V, S, ...) inputs."""
    trunk.eval()
    outputs = []
    for sample, view in tqdm(items, desc=f"frozen stages of {stream}", disable=None):
        inputs = torch.from_numpy(cache.load(sample, view, stream))
        outputs.append(inputs if stage is None else _staged(trunk, inputs, stage))
    return torch.stack(outputs)


@torch.no_grad()
def pooled_features(trunk: Trunk, cache: InputCache, items: Sequence[Item], stream: str) -> Tensor:
    """(V, S, D): the whole trunk on cached inputs."""
    trunk.eval()
    return torch.stack(
        [
            trunk(_raw(cache.load(sample, view, stream)))
            for sample, view in tqdm(items, desc=f"features of {stream}", disable=None)
        ]
    )


@torch.no_grad()
def features_from(trunk: Trunk, outputs: Tensor, stage: int | None) -> Tensor:
    """(V, S, D) from what `stage_outputs` gave for the same `stage`."""
    trunk.eval()
    if stage is None:
        return torch.stack([trunk(rows) for rows in outputs])
    return torch.stack([trunk.forward_from(rows.flatten(0, 1).float(), stage) for rows in outputs])


def calibrate_norm(
    trunk: Trunk, cache: InputCache, items: Sequence[Item], stream: str, *, seed: int
) -> None:
    """Replace the batch-norm statistics by those of the modality's own inputs, in place.

    ImageNet's describe photographs; a frozen stage fed with motion or sound needs its own. The
    plain mean over a random choice of videos (adaptive batch norm, arXiv:1603.04779).
    """
    norms = [m for m in trunk.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # Cumulative mean, instead of an exponential one.
    trunk.train()
    chosen = np.random.default_rng(seed).permutation(len(items))[:CALIBRATION_VIDEOS]
    with torch.no_grad():
        for index in chosen.tolist():
            sample, view = items[index]
            available = cache.load(sample, view, "available").any()
            if available:
                trunk(_raw(cache.load(sample, view, stream)))
    for norm in norms:
        norm.momentum = 0.1
    trunk.eval()


def _staged(trunk: Trunk, inputs: Tensor, stage: int) -> Tensor:
    rows = len(inputs)
    outputs = trunk.forward_to(_as_network_input(inputs), stage)
    return outputs.reshape(rows, -1, *outputs.shape[1:]).half()


def _raw(array: NDArray[np.generic]) -> Tensor:
    return _as_network_input(torch.from_numpy(array))


def _as_network_input(inputs: Tensor) -> Tensor:
    """Spectrograms are cached in half precision, images as bytes."""
    return inputs.float() if inputs.is_floating_point() else inputs
