"""A trace: what a system did with every video; its answers and its cost follow from that."""

# Dimensions: V videos, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from model.spec.cost_table import CostTable
from model.spec.model_spec import Modality
from training.compared.shared import Clips, Shared


@dataclass(frozen=True, slots=True)
class Trace:
    """`computed`: what recognisers had to see; what is visited again is computed once. `steps`:
    by part of the system's own network, how often that ran, (V,)."""

    logits: Tensor  # (V, K)
    previewed: Tensor  # (V, S, M) bool
    computed: Tensor  # (V, S, M) bool
    steps: Mapping[str, Tensor] = field(default_factory=dict)


class System(Protocol):
    """A trained system. Each of its `dials` is one way of trading accuracy for compute."""

    @property
    def dials(self) -> Sequence[str]: ...

    @property
    def head_macs(self) -> Mapping[str, int]:
        """Multiply-adds of one step of each part, counted on its layers."""
        ...

    def run(self, clips: Clips, dial: str) -> Trace: ...


# From shared features to a trained system; the seed is the run's.
Fit = Callable[[Shared, int], System]


def gflops(trace: Trace, costs: CostTable, names: Sequence[Modality], system: System) -> Tensor:
    """(V,): previews, recognisers of distinct segments, and the system's own layers by steps.

    Multiply-adds in 1e9, as everywhere; products between activations (attention) have no layer
    and are not counted, nor are decoding and spectrograms.
    """
    previews = torch.tensor([costs.policy_branches[name].total for name in names])
    recognisers = torch.tensor([costs.recognition[name].total for name in names])
    spent = (trace.previewed * previews).sum((1, 2)) + (trace.computed * recognisers).sum((1, 2))
    for part, steps in trace.steps.items():
        spent = spent + steps * system.head_macs[part]
    return spent.double() / 1e9


def nothing(clips: Clips) -> Tensor:
    """(V, S, M) of False."""
    return torch.zeros_like(clips.available)


def marked(indices: Tensor, segments: int) -> Tensor:
    """(V, N) indices of segments -> (V, S) bool."""
    empty = torch.zeros(len(indices), segments, dtype=torch.bool)
    return empty.scatter(1, indices, True)
