"""The decoded views of a run: training videos in several draws, validation as serving sees it."""

# Dimensions: V videos (or views of them), S segments, M modalities.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.networks.recognizer import Recognizer
from model.spec import Modality, ModelSpec
from training.cache import InputCache
from training.config import DataConfig, UnimodalConfig
from training.manifest import Manifest, read_manifest
from training.stage_outputs import Item, stage_outputs
from training.unimodal import Examples
from training.views import View


@dataclass(frozen=True, slots=True)
class Data:
    cache: InputCache
    manifest: Manifest
    train: Sequence[Item]
    val: Sequence[Item]

    def labels(self, items: Sequence[Item]) -> Tensor:
        """(V,) indices into the manifest's labels."""
        return torch.tensor([self.manifest.index(sample) for sample, _ in items])

    def available(self, items: Sequence[Item]) -> Tensor:
        """(V, S, M) bool."""
        rows = [self.cache.load(sample, view, "available") for sample, view in items]
        return torch.stack([torch.from_numpy(row).bool() for row in rows])

    def examples(
        self,
        recognizer: Recognizer,
        name: Modality,
        items: Sequence[Item],
        config: UnimodalConfig,
    ) -> Examples:
        """What one recognition network is trained on: the outputs of its frozen stages."""
        column = self.cache.spec.modality_names.index(name)
        stream = f"recognizer.{name}"
        return Examples(
            inputs=stage_outputs(recognizer.trunk, self.cache, items, stream, config.frozen_stages),
            available=self.available(items)[..., column],
            labels=self.labels(items),
        )


def load_data(config: DataConfig, spec: ModelSpec) -> Data:
    """Decode what is not cached yet; unreadable videos are reported and left out."""
    manifest = read_manifest(config.manifest)
    cache = InputCache(config.cache, spec)
    views = [View(spec.train_segments, draw) for draw in range(config.train_views)]
    train = cache.build(manifest.split("train"), views, workers=config.workers)
    val_view = View(spec.eval_segments)
    val = cache.build(manifest.split("val"), [val_view], workers=config.workers)
    return Data(
        cache,
        manifest,
        train=[(sample, view) for view in views for sample in train],
        val=[(sample, val_view) for sample in val],
    )
