"""Features: what the joint stages are trained on, pooled by frozen trunks or raw."""

# Dimensions: V videos, S segments, M modalities, D features of a network.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from model.spec.model_spec import Modality
from training.data.array_store import ArrayStore


@dataclass(frozen=True, slots=True)
class Features:
    """Pooled features of every network by modality, for V videos of S segments.

    `silence` is the policy branches' answer to an absent modality, (D,) by modality. With
    `is_raw` the networks' inputs stand in the place of all (D,).
    """

    recognition: Mapping[Modality, Tensor]  # (V, S, D)
    policy: Mapping[Modality, Tensor]  # (V, S, D)
    silence: Mapping[Modality, Tensor]
    available: Tensor  # (V, S, M) bool
    targets: Tensor  # (V,) or (V, K), see training.data.targets
    is_raw: bool = False
    # (V, S, F, K) of the modalities and the exit head, by classifiers that have not seen the
    # video, see training.joint.cross_fitting.
    judged: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def select(self, rows: Tensor) -> Features:
        return replace(
            self,
            judged=None if self.judged is None else self.judged[rows],
            recognition={name: value[rows] for name, value in self.recognition.items()},
            policy={name: value[rows] for name, value in self.policy.items()},
            available=self.available[rows],
            targets=self.targets[rows],
        )

    def without(self, name: Modality, column: int, videos: Tensor) -> Features:
        """The same videos, but in those of the (V,) bool mask the modality is absent."""
        available = self.available.clone()
        available[videos, :, column] = False
        absent = self.policy[name].clone()
        absent[videos] = self.silence[name]
        return replace(self, policy={**self.policy, name: absent}, available=available)

    def to(self, device: torch.device) -> Features:
        return replace(
            self,
            recognition={name: value.to(device) for name, value in self.recognition.items()},
            policy={name: value.to(device) for name, value in self.policy.items()},
            silence={name: value.to(device) for name, value in self.silence.items()},
            available=self.available.to(device),
            targets=self.targets.to(device),
            judged=None if self.judged is None else self.judged.to(device),
        )


class JointData(Protocol):
    """V videos of which some are asked for at a time; Features are such data themselves."""

    @property
    def silence(self) -> Mapping[Modality, Tensor]: ...

    def __len__(self) -> int: ...

    def select(self, rows: Tensor) -> Features: ...


@dataclass(frozen=True, slots=True)
class RawData:
    """Decoded inputs on disk, for training whole networks; see Features."""

    recognition: Mapping[Modality, ArrayStore]
    policy: Mapping[Modality, ArrayStore]
    silence: Mapping[Modality, Tensor]
    available: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def select(self, rows: Tensor) -> Features:
        return Features(
            recognition={name: _floats(r.take(rows)) for name, r in self.recognition.items()},
            policy={name: _floats(r.take(rows)) for name, r in self.policy.items()},
            silence=self.silence,
            available=self.available[rows],
            targets=self.targets[rows],
            is_raw=True,
        )


def _floats(inputs: Tensor) -> Tensor:
    """Spectrograms are cached in half precision, images as bytes."""
    return inputs.float() if inputs.is_floating_point() else inputs
