"""What all compared systems share: clips, features of the same trunks, recognisers, costs."""

# Dimensions: V videos, S segments, M modalities, D features of a network, K classes.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from model.networks.adamml import AdaMML
from model.spec.cost_table import CostTable
from model.spec.model_spec import Modality
from training.data.sources.manifest import Split
from training.data.targets import recognition_loss
from training.features.features import Features
from training.joint.objective import recognition_logits

# Added to the spread, so that a feature that never changes does not explode.
EPSILON = 1e-3


@dataclass(frozen=True, slots=True)
class Clips:
    """The videos of one split.

    `fine` and `previews` are the recognisers' and the policy branches' pooled features, brought to
    mean 0 and spread 1 by the training videos; zero where a modality is missing. `logits` are the
    recognisers'. `features` are as they were.
    """

    features: Features
    fine: Mapping[Modality, Tensor]  # (V, S, D)
    previews: Mapping[Modality, Tensor]  # (V, S, D)
    logits: Tensor  # (V, S, M, K)
    informative: Tensor | None = None  # (V, S, M) bool, where the truth is known; never an input

    def __len__(self) -> int:
        return len(self.features)

    @property
    def available(self) -> Tensor:
        """(V, S, M) bool."""
        return self.features.available

    @property
    def targets(self) -> Tensor:
        """(V,)."""
        return self.features.targets

    @property
    def segments(self) -> int:
        return self.available.shape[1]

    def all_previews(self) -> Tensor:
        """(V, S, D of all modalities together)."""
        return torch.cat(list(self.previews.values()), dim=-1)

    def all_fine(self) -> Tensor:
        """(V, S, D of all modalities together)."""
        return torch.cat(list(self.fine.values()), dim=-1)

    def loss(self, logits: Tensor) -> float:
        """Mean cross entropy of (V, K) logits."""
        return recognition_loss(logits, self.targets).mean().item()

    def select(self, rows: Tensor) -> Clips:
        return replace(
            self,
            features=self.features.select(rows),
            fine={name: value[rows] for name, value in self.fine.items()},
            previews={name: value[rows] for name, value in self.previews.items()},
            logits=self.logits[rows],
            informative=None if self.informative is None else self.informative[rows],
        )


@dataclass(frozen=True, slots=True)
class Shared:
    """A trained run, taken apart: `model` gives recognisers, fusion, previews, and their costs."""

    model: AdaMML
    splits: Mapping[Split, Clips]

    @property
    def names(self) -> tuple[Modality, ...]:
        return self.model.spec.modality_names

    @property
    def costs(self) -> CostTable:
        return self.model.spec.require_costs()

    @property
    def num_classes(self) -> int:
        return len(self.model.spec.labels)

    @property
    def train(self) -> Clips:
        return self.splits["train"]

    @property
    def val(self) -> Clips:
        return self.splits["val"]

    def fused(self, clips: Clips, computed: Tensor) -> Tensor:
        """(V, K): what was computed, (V, S, M) bool, put together by the run's late fusion."""
        with torch.no_grad():
            return self.model.fuse(clips.logits, computed.float()).video


def share(model: AdaMML, splits: Mapping[Split, Features]) -> Shared:
    """`splits` must have "train", whose statistics standardise all."""
    names = model.spec.modality_names
    scales = {
        role: {name: _statistics(splits["train"], role, name, names.index(name)) for name in names}
        for role in ("recognition", "policy")
    }
    clips = {name: _clips(model, features, scales) for name, features in splits.items()}
    return Shared(model, clips)


class _Statistics(NamedTuple):
    mean: Tensor  # (D,)
    std: Tensor  # (D,)


def _statistics(features: Features, role: str, name: Modality, column: int) -> _Statistics:
    rows: Tensor = getattr(features, role)[name][features.available[..., column]]
    return _Statistics(rows.mean(dim=0), rows.std(dim=0) + EPSILON)


@torch.no_grad()
def _clips(
    model: AdaMML, features: Features, scales: Mapping[str, Mapping[Modality, _Statistics]]
) -> Clips:
    model.eval()

    def scaled(role: str) -> dict[Modality, Tensor]:
        values: Mapping[Modality, Tensor] = getattr(features, role)
        return {
            name: (values[name] - one.mean) / one.std * features.available[..., column, None]
            for column, (name, one) in enumerate(scales[role].items())
        }

    logits = recognition_logits(model, features) * features.available[..., None]
    return Clips(features, scaled("recognition"), scaled("policy"), logits)
