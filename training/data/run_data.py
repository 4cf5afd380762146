"""The decoded views of a run: training videos in several draws, validation as serving sees it."""

# Dimensions: V videos (or views of them), S segments, M modalities.

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from model.common.cores import num_cores
from model.spec.model_spec import Modality, ModalitySpec, ModelSpec
from training.configuration.config import DataConfig
from training.data.array_store import OnDiskArrays
from training.data.cache import InputCache, Item, report_skipped
from training.data.sources.manifest import Manifest, Split
from training.data.targets import multi_hot
from training.data.views import View
from training.run.engine import Engine

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunData:
    """`names`: the modalities that are trained, of those that the cache holds. `curve`: validation
    by numbers of segments other than the model's own."""

    cache: InputCache
    manifest: Manifest
    names: tuple[Modality, ...]
    train: Sequence[Item]
    val: Sequence[Item]
    curve: Mapping[int, Sequence[Item]] = field(default_factory=dict)

    def targets(self, items: Sequence[Item]) -> Tensor:
        """(V,) indices into the manifest's labels, or (V, K), see training.data.targets."""
        manifest = self.manifest
        if manifest.is_multi_label:
            rows = [manifest.indices(sample) for sample, _ in items]
            return multi_hot(rows, len(manifest.labels))
        return torch.tensor([self.manifest.index(sample) for sample, _ in items])

    def require_examples(self) -> None:
        """Raises ValueError where a modality has no video to learn from, or none to choose by:
        before hours of training, not after them."""
        for split, items in (("train", self.train), ("val", self.val)):
            there = self.available(items).flatten(0, 1).any(dim=0).tolist()
            for name, is_there in zip(self.names, there, strict=True):
                if not is_there:
                    others = [other for other in self.names if other != name]
                    raise ValueError(
                        f"no video of {split} has {name}; set model.modalities to those that there"
                        f" are: {others}"
                    )

    def available(self, items: Sequence[Item]) -> Tensor:
        """(V, S, M) bool."""
        rows = [self.cache.load(sample, view, "available") for sample, view in items]
        columns = [self.cache.spec.modality_names.index(name) for name in self.names]
        return torch.stack([torch.from_numpy(row[:, columns]).bool() for row in rows])

    def raw(self, items: Sequence[Item], stream: str) -> OnDiskArrays:
        """Rows of decoded inputs, see `views.extract`."""
        return OnDiskArrays(
            [partial(self.cache.load, sample, view, stream) for sample, view in items]
        )

    def policy_stream(self, modality: ModalitySpec) -> str:
        """Where flow is judged by flow itself, and cached for another proxy: the recogniser's."""
        cached = self.cache.spec.modality(modality.name)
        role = "policy" if cached.proxy == modality.proxy else "recognizer"
        return f"{role}.{modality.name}"


def load_data(
    config: DataConfig,
    manifest: Manifest,
    spec: ModelSpec,
    names: tuple[Modality, ...],
    engine: Engine,
    skipped: Path,
) -> RunData:
    """Decode what is not cached yet; unreadable videos are left out, and listed in `skipped`.

    `spec` is the one by which inputs are decoded, see `make_input_spec`.
    """
    cache = InputCache(config.cache, spec, config.limits)
    decoded = decoded_views(config, spec)
    own, *curve = decoded["val"]
    wanted: dict[Split, list[View]] = {**decoded, "val": [own]}
    # One process of each machine decodes; the others then take what is there.
    if engine.ranks.local_rank == 0:
        _decode(cache, manifest, decoded, config.workers or num_cores(), skipped)
    engine.ranks.wait()
    items: dict[Split, list[Item]] = {}
    for split, some in wanted.items():
        samples = cache.present(manifest.split(split), some)
        items[split] = [(sample, view) for view in some for sample in samples]
    return RunData(
        cache,
        manifest,
        names,
        train=items["train"],
        val=items["val"],
        curve={
            view.segments: [(s, view) for s in cache.present(manifest.split("val"), [view])]
            for view in curve
        },
    )


def decoded_views(config: DataConfig, spec: ModelSpec) -> dict[Split, list[View]]:
    """What is decoded of each video; of validation the model's own number of segments first, then
    those of the curve."""
    draws: list[int | None] = [None] if config.includes_serving_view else []
    draws += range(config.train_views - len(draws))
    views = [View(spec.train_segments, draw) for draw in draws]
    own = View(spec.eval_segments)
    others = {View(number) for number in config.curve_segments} - {own}
    return {"train": views, "val": [own, *sorted(others, key=lambda view: view.segments)]}


def _decode(
    cache: InputCache,
    manifest: Manifest,
    views: Mapping[Split, Sequence[View]],
    workers: int,
    skipped: Path,
) -> None:
    built = {
        split: cache.build(manifest.split(split), some, workers=workers, name=split)
        for split, some in views.items()
    }
    report_skipped([one for part in built.values() for one in part.skipped], skipped)
    left = {label for sample in built["train"].samples for label in sample.labels}
    if lost := set(manifest.labels) - left:
        logger.warning("no video is left for training of %s", sorted(lost))
