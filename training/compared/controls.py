"""Controls: no rule of choosing at all, and the one that knows the answer."""

# Dimensions: V videos, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from training.compared.shared import Clips, Shared
from training.compared.trace import Trace, marked, nothing


@dataclass(frozen=True, slots=True)
class _Control:
    shared: Shared
    head_macs: Mapping[str, int] = field(default_factory=dict)

    @property
    def dials(self) -> Sequence[str]:
        return [f"{number} segments" for number in range(1, self.shared.val.segments + 1)]

    def _taken(self, clips: Clips, kept: Tensor) -> Trace:
        """(V, S) bool: all modalities of these segments."""
        computed = kept.unsqueeze(-1) & clips.available
        return Trace(self.shared.fused(clips, computed), nothing(clips), computed)


class Uniform(_Control):
    """Evenly spaced segments, in the middles of as many equal parts of the video."""

    def run(self, clips: Clips, dial: str) -> Trace:
        number = _number(dial)
        middles = [int((2 * i + 1) * clips.segments / (2 * number)) for i in range(number)]
        return self._taken(clips, marked(torch.tensor([middles] * len(clips)), clips.segments))


@dataclass(frozen=True, slots=True)
class Random(_Control):
    """Any segments of a video, all equally likely, drawn by the run's seed."""

    seed: int = 0

    def run(self, clips: Clips, dial: str) -> Trace:
        generator = torch.Generator().manual_seed(self.seed)
        order = torch.rand(len(clips), clips.segments, generator=generator).argsort(dim=1)
        return self._taken(clips, marked(order[:, : _number(dial)], clips.segments))


class Dense(_Control):
    """Everything."""

    @property
    def dials(self) -> Sequence[str]:
        return ["all"]

    def run(self, clips: Clips, dial: str) -> Trace:
        return self._taken(clips, clips.available.any(dim=-1))


class Oracle(_Control):
    """The one modality of the one segment that is likeliest to give the true label: no system,
    but the room that there is for one."""

    @property
    def dials(self) -> Sequence[str]:
        return ["one"]

    def run(self, clips: Clips, dial: str) -> Trace:
        right = clips.logits.softmax(dim=-1)
        labels = clips.targets[:, None, None, None].expand(*right.shape[:3], 1)
        right = right.gather(-1, labels).squeeze(-1).masked_fill(~clips.available, -1.0)
        best = right.flatten(1).argmax(dim=1, keepdim=True)
        computed = marked(best, right[0].numel()).reshape(right.shape) & clips.available
        return Trace(self.shared.fused(clips, computed), nothing(clips), computed)


def _number(dial: str) -> int:
    return int(dial.split()[0])


def fit_uniform(shared: Shared, seed: int) -> Uniform:
    """Nothing is learned: the seed changes the recognisers alone."""
    del seed
    return Uniform(shared)


def fit_random(shared: Shared, seed: int) -> Random:
    return Random(shared, seed=seed)


def fit_dense(shared: Shared, seed: int) -> Dense:
    """Nothing is learned beyond the run's own fusion."""
    del seed
    return Dense(shared)


def fit_oracle(shared: Shared, seed: int) -> Oracle:
    """Nothing is learned: the truth decides."""
    del seed
    return Oracle(shared)
