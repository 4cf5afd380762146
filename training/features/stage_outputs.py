"""What frozen stages make of cached inputs: computed once, instead of in every epoch."""

# Dimensions: V videos (or views), S segments, F frames of the network, D features.

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.files.atomic_file import write_atomically
from model.networks.trunk import Trunk
from training.data.array_store import ArrayStore, OnDiskArrays
from training.data.cache import InputCache, Item
from training.run.engine import Engine
from training.run.progress import progress

Array = NDArray[np.generic]
CALIBRATION_VIDEOS = 96
# Below the input cache's folder; its own files lie in folders of two hexadecimal digits.
OUTPUTS_FOLDER = "outputs"


def stage_outputs(
    trunk: Trunk,
    cache: InputCache,
    items: Sequence[Item],
    stream: str,
    stage: int | None,
    engine: Engine,
) -> ArrayStore:
    """Rows (S, F, c, h, w) half: what `stage` hands on. None: the cached (S, ...) inputs."""
    if stage is None:
        return OnDiskArrays([partial(cache.load, sample, view, stream) for sample, view in items])

    def compute(inputs: Tensor) -> Tensor:
        outputs = trunk.forward_to(inputs, stage)
        return outputs.reshape(len(inputs), -1, *outputs.shape[1:]).half()

    key = f"{_digest(trunk)} stage {stage}"
    files = _computed(trunk, cache, items, stream, key, compute, engine)
    return OnDiskArrays([partial(np.load, file) for file in files])


@dataclass(frozen=True, slots=True)
class StagedArrays:
    """What `stage` of a frozen trunk makes of rows that change from epoch to epoch."""

    rows: ArrayStore
    trunk: Trunk
    stage: int
    engine: Engine

    def __len__(self) -> int:
        return len(self.rows)

    @torch.no_grad()
    def take(self, rows: Tensor) -> Tensor:
        inputs = self.rows.take(rows).to(self.engine.hardware.device)
        with self.engine.hardware.autocast():
            outputs = self.trunk.forward_to(inputs.flatten(0, 1), self.stage)
        return outputs.reshape(*inputs.shape[:2], -1, *outputs.shape[1:]).half().cpu()

    def only(self, rows: Tensor) -> StagedArrays:
        return replace(self, rows=self.rows.only(rows))

    def for_epoch(self, epoch: int) -> StagedArrays:
        return replace(self, rows=self.rows.for_epoch(epoch))


def pooled_features(
    trunk: Trunk, cache: InputCache, items: Sequence[Item], stream: str, engine: Engine
) -> Tensor:
    """(V, S, D): the whole trunk on cached inputs."""
    key = f"{_digest(trunk)} pooled"
    files = _computed(trunk, cache, items, stream, key, lambda x: trunk(x).float(), engine)
    return torch.from_numpy(np.stack([np.load(file) for file in files]))


def _computed(
    trunk: Trunk,
    cache: InputCache,
    items: Sequence[Item],
    stream: str,
    key: str,
    compute: Callable[[Tensor], Tensor],
    engine: Engine,
) -> list[Path]:
    """One file an item, kept for later runs; the processes of a machine share the work."""
    trunk.eval()
    files = [
        _file(cache, item, f"{stream} {key} {engine.hardware.fingerprint()}") for item in items
    ]
    # Divided before looking at what is missing: by then another process may have begun.
    share = list(zip(items, files, strict=True))[
        engine.ranks.local_rank :: engine.ranks.local_world
    ]
    share = [pair for pair in share if not pair[1].exists()]
    with progress(f"frozen {stream}", "view", total=len(share)) as bar:
        for (sample, view), file in share:
            inputs = _as_network_input(cache.load(sample, view, stream), engine)
            with torch.no_grad(), engine.hardware.autocast():
                outputs = compute(inputs).cpu().numpy()
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, partial(_save, outputs))
            bar.update()
    engine.ranks.wait()
    return files


def _file(cache: InputCache, item: Item, key: str) -> Path:
    name = json.dumps([cache.file(*item).name, key])
    digest = hashlib.sha256(name.encode()).hexdigest()
    return cache.folder / OUTPUTS_FOLDER / digest[:2] / f"{digest[2:32]}.npy"


def _digest(trunk: Trunk) -> str:
    """Of the network and its weights, which together determine its outputs."""
    digest = hashlib.sha256(trunk.spec.model_dump_json().encode())
    for name, tensor in trunk.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _save(outputs: Array, path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, outputs, allow_pickle=False)


@torch.no_grad()
def features_from(trunk: Trunk, outputs: ArrayStore, stage: int | None, engine: Engine) -> Tensor:
    """(V, S, D) from what `stage_outputs` gave for the same `stage`; the ranks share the work."""
    trunk.eval()
    first = _features(trunk, outputs, 0, stage, engine)
    features = torch.zeros(len(outputs), *first.shape)
    for row in range(engine.ranks.rank, len(outputs), engine.ranks.world):
        features[row] = _features(trunk, outputs, row, stage, engine)
    return engine.ranks.sum(features)


def _features(
    trunk: Trunk, outputs: ArrayStore, row: int, stage: int | None, engine: Engine
) -> Tensor:
    inputs = outputs.take(torch.tensor([row]))[0]
    with engine.hardware.autocast():
        if stage is None:
            features = trunk(_as_network_input(inputs.numpy(), engine))
        else:
            activations = inputs.to(engine.hardware.device).flatten(0, 1).float()
            features = trunk.forward_from(activations, stage)
    pooled: Tensor = features.float().cpu()
    return pooled


def calibrate_norm(
    trunk: Trunk,
    cache: InputCache,
    items: Sequence[Item],
    stream: str,
    *,
    seed: int,
    engine: Engine,
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
                trunk(_as_network_input(cache.load(sample, view, stream), engine))
    for norm in norms:
        norm.momentum = 0.1
    trunk.eval()


def _as_network_input(array: Array, engine: Engine) -> Tensor:
    """Spectrograms are cached in half precision, images as bytes."""
    inputs = torch.from_numpy(array).to(engine.hardware.device)
    return inputs.float() if inputs.is_floating_point() else inputs
