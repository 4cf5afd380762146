"""The decoded views of a run: training videos in several draws, validation as serving sees it."""

# Dimensions: V videos (or views of them), S segments, M modalities.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from model.networks.recognizer import Recognizer
from model.spec import Modality, ModelSpec
from training.cache import InputCache
from training.config import DataConfig
from training.engine import Engine
from training.manifest import Manifest
from training.recipe import UnimodalConfig
from training.rows import OnDisk
from training.stage_outputs import Item, stage_outputs
from training.unimodal_objective import Examples
from training.views import View


@dataclass(frozen=True, slots=True)
class Data:
    """`names`: the modalities that are trained, of those that the cache holds."""

    cache: InputCache
    manifest: Manifest
    names: tuple[Modality, ...]
    train: Sequence[Item]
    val: Sequence[Item]

    def targets(self, items: Sequence[Item]) -> Tensor:
        """(V,) indices into the manifest's labels."""
        return torch.tensor([self.manifest.index(sample) for sample, _ in items])

    def available(self, items: Sequence[Item]) -> Tensor:
        """(V, S, M) bool."""
        rows = [self.cache.load(sample, view, "available") for sample, view in items]
        columns = [self.cache.spec.modality_names.index(name) for name in self.names]
        return torch.stack([torch.from_numpy(row[:, columns]).bool() for row in rows])

    def raw(self, items: Sequence[Item], stream: str) -> OnDisk:
        """Rows of decoded inputs, see `views.extract`."""
        return OnDisk([partial(self.cache.load, sample, view, stream) for sample, view in items])

    def examples(
        self,
        recognizer: Recognizer,
        name: Modality,
        items: Sequence[Item],
        config: UnimodalConfig,
        engine: Engine,
    ) -> Examples:
        """What one recognition network is trained on: the outputs of its frozen stages."""
        stream, stage = f"recognizer.{name}", config.frozen_stages
        return Examples(
            inputs=stage_outputs(recognizer.trunk, self.cache, items, stream, stage, engine),
            available=self.available(items)[..., self.names.index(name)],
            targets=self.targets(items),
        )


def load_data(
    config: DataConfig,
    manifest: Manifest,
    spec: ModelSpec,
    names: tuple[Modality, ...],
    engine: Engine,
) -> Data:
    """Decode what is not cached yet; unreadable videos are reported and left out.

    `spec` is the one by which inputs are decoded, see `make_input_spec`.
    """
    cache = InputCache(config.cache, spec)
    views = [View(spec.train_segments, draw) for draw in range(config.train_views)]
    val_view = View(spec.eval_segments)
    # One process of each machine decodes; the others then find everything there.
    if engine.ranks.local_rank != 0:
        engine.ranks.wait()
    train = cache.build(manifest.split("train"), views, workers=config.workers)
    val = cache.build(manifest.split("val"), [val_view], workers=config.workers)
    if engine.ranks.local_rank == 0:
        engine.ranks.wait()
    return Data(
        cache,
        manifest,
        names,
        train=[(sample, view) for view in views for sample in train],
        val=[(sample, val_view) for sample in val],
    )
