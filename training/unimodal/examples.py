"""What a network alone is trained on: cached views, or sound drawn anew in every epoch."""

# Dimensions: V videos (or views of them), S segments, K classes.

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.common.cores import num_cores
from model.networks.recognizer import Recognizer
from model.spec.model_spec import Modality
from training.configuration.recipe import UnimodalConfig
from training.data.array_store import ArrayStore, InMemoryArrays
from training.data.augmentation.drawn_sound import DrawnSound
from training.data.cache import Item
from training.data.run_data import RunData
from training.data.soundtracks import Soundtracks
from training.features.stage_outputs import StagedArrays, pooled_features, stage_outputs
from training.run.engine import Engine


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs of one network with targets; rows of absent modalities are not `available`.

    `inputs` are (V, S, ...): raw arrays, or with frozen stages (V, S, frames, c, h, w)
    activations, in half precision.
    """

    inputs: ArrayStore
    available: Tensor  # (V, S) bool
    targets: Tensor  # (V,) or (V, K), see training.data.targets

    def __post_init__(self) -> None:
        if not len(self.inputs) == len(self.available) == len(self.targets):
            raise ValueError(f"{len(self.inputs)=}, {self.available.shape=}, {self.targets.shape=}")

    def with_modality(self) -> Examples:
        """Only the videos that have the modality in some segment."""
        present = self.available.any(dim=1)
        return Examples(self.inputs.only(present), self.available[present], self.targets[present])


def cached_examples(
    recognizer: Recognizer,
    name: Modality,
    data: RunData,
    items: Sequence[Item],
    config: UnimodalConfig,
    engine: Engine,
) -> Examples:
    """What one recognition network is trained on: the outputs of its frozen stages, (V, S, D)
    features where the whole trunk is frozen."""
    stream, stage = f"recognizer.{name}", config.frozen_stages
    inputs: ArrayStore
    if config.pools_once:
        features = pooled_features(recognizer.trunk, data.cache, items, stream, engine)
        inputs = InMemoryArrays(features)
    else:
        inputs = stage_outputs(recognizer.trunk, data.cache, items, stream, stage, engine)
    return Examples(
        inputs=inputs,
        available=data.available(items)[..., data.names.index(name)],
        targets=data.targets(items),
    )


def drawn_examples(
    recognizer: Recognizer, data: RunData, config: UnimodalConfig, *, seed: int, engine: Engine
) -> Examples:
    """Every training video with sound, once; the views beside the first are of no use here."""
    first = data.train[0][1]
    items = [item for item in data.train if item[1] == first]
    heard = data.available(items)[..., data.names.index("audio")].any(dim=1)
    items = [item for item, has_sound in zip(items, heard.tolist(), strict=True) if has_sound]
    samples = [sample for sample, _ in items]
    tracks = Soundtracks(data.cache)
    # One process of each machine decodes; the others then find everything there.
    if engine.ranks.local_rank == 0:
        tracks.build(samples, workers=num_cores())
    engine.ranks.wait()
    files = tracks.build(samples, workers=1)
    rows: ArrayStore = DrawnSound(files, data.cache.spec.inputs.audio, first.segments, config, seed)
    if config.frozen_stages is not None:
        # A copy: the trunk itself goes into training mode.
        frozen = copy.deepcopy(recognizer.trunk).eval()
        rows = StagedArrays(rows, frozen, config.frozen_stages, engine)
    return Examples(
        inputs=rows,
        available=torch.ones(len(items), first.segments, dtype=torch.bool),
        targets=data.targets(items),
    )
