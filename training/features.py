"""Features: what the frozen networks make of the videos, the joint stages' input."""

# Dimensions: V videos, S segments, M modalities, D features of a network.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from model.spec import Modality


@dataclass(frozen=True, slots=True)
class Features:
    """Pooled features of every network by modality, for V videos of S segments.

    `silence` is the policy branches' answer to an absent modality, (D,) by modality.
    """

    recognition: Mapping[Modality, Tensor]  # (V, S, D)
    policy: Mapping[Modality, Tensor]  # (V, S, D)
    silence: Mapping[Modality, Tensor]
    available: Tensor  # (V, S, M) bool
    labels: Tensor  # (V,)

    def select(self, rows: Tensor) -> Features:
        return Features(
            recognition={name: value[rows] for name, value in self.recognition.items()},
            policy={name: value[rows] for name, value in self.policy.items()},
            silence=self.silence,
            available=self.available[rows],
            labels=self.labels[rows],
        )

    def without(self, name: Modality, column: int, videos: Tensor) -> Features:
        """The same videos, but in those of the (V,) bool mask the modality is absent."""
        available = self.available.clone()
        available[videos, :, column] = False
        absent = self.policy[name].clone()
        absent[videos] = self.silence[name]
        policy = {**self.policy, name: absent}
        return Features(self.recognition, policy, self.silence, available, self.labels)
