"""ListenToLook's rule (arXiv:1912.04487): attention over previews says which moment is next."""

# Dimensions: V videos, N of a batch, S segments, M modalities, D features, A width, K classes.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.compared.learning import DEFAULTS

# Stands for minus infinity before a softmax, and cannot give NaN.
NEVER = -1e4


class Look(NamedTuple):
    """One step's choice: weights over segments by modality, and what the modalities weigh."""

    over_segments: Tensor  # (N, S, M), each modality's of sum 1
    modalities: Tensor  # (N, M), of sum 1

    @property
    def moments(self) -> Tensor:
        """(N, S), of sum 1: both together."""
        return (self.over_segments * self.modalities[:, None]).sum(dim=-1)


class Skimmer(nn.Module):
    """An LSTM asks each modality's previews what to look at next, T times; the answer is a linear
    layer on the mean of the looks.

    `values` is what a look gives: the previews themselves, or the recognisers' features.
    """

    def __init__(self, previews: Sequence[int], values: Sequence[int], num_classes: int) -> None:
        super().__init__()
        width, key = DEFAULTS.width // 2, DEFAULTS.small_width
        self.dropout = nn.Dropout(DEFAULTS.dropout)
        self.maps = nn.ModuleList([nn.Linear(size, width) for size in previews])
        self.keys = nn.ModuleList([nn.Linear(width, key) for _ in previews])
        self.queries = nn.ModuleList([nn.Linear(width, key) for _ in previews])
        self.values = nn.ModuleList([nn.Linear(size, width) for size in values])
        self.balance = nn.Linear(width, len(previews))
        self.cell = nn.LSTMCell(width, width)
        self.start = nn.Linear(width * len(previews), width)
        self.classifier = nn.Linear(width, num_classes)

    @property
    def width(self) -> int:
        return self.cell.hidden_size

    def preview(self, number: int, features: Tensor) -> Tensor:
        """(N, S, D) of one modality -> (N, S, A): what is attended to."""
        return F.relu(self.maps[number](self.dropout(features)))

    def key(self, number: int, mapped: Tensor) -> Tensor:
        keys: Tensor = self.keys[number](mapped)
        return keys

    def value(self, number: int, features: Tensor) -> Tensor:
        """What a look at a segment gives, (..., D) -> (..., A)."""
        return F.relu(self.values[number](self.dropout(features)))

    def initial(self, mapped: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """From the mean of all previews."""
        mean = torch.cat([one.mean(dim=1) for one in mapped], dim=1)
        hidden = torch.tanh(self.start(mean))
        return hidden, torch.zeros_like(hidden)

    def ask(self, hidden: Tensor, keys: Sequence[Tensor], barred: Tensor) -> Look:
        """`keys` (N, S, key) by modality; `barred` (N, S, M) bool is not looked at again."""
        scores = []
        for number, key in enumerate(keys):
            query = self.queries[number](hidden)
            scores.append((key @ query[:, :, None])[..., 0] / math.sqrt(query.shape[1]))
        over = torch.stack(scores, dim=-1).masked_fill(barred, NEVER).softmax(dim=1)
        gone = barred.all(dim=1)
        balance = self.balance(hidden).masked_fill(gone, NEVER).softmax(dim=1)
        return Look(over, balance)

    def answer(self, looks: Tensor) -> Tensor:
        """(N, A), the mean of the looks -> (N, K)."""
        logits: Tensor = self.classifier(self.dropout(looks))
        return logits

    def layer(self, name: str, number: int) -> nn.Linear:
        return cast(nn.Linear, cast(nn.ModuleList, getattr(self, name))[number])


class Skimmed(NamedTuple):
    logits: Tensor  # (N, K)
    moments: Tensor  # (N, T) indices of the segments looked at


def skim(
    network: Skimmer,
    previews: Sequence[Tensor],
    values: Sequence[Tensor],
    missing: Tensor,
    *,
    looks: int,
    hard: bool,
) -> Skimmed:
    """(N, S, D) by modality, (N, S, M) bool of what is not there.

    Soft: a look is the mean of the segments by their weights, and nothing is left out. `hard`: it
    is the one segment of most weight, other than those before: a selection. Either way the moment
    of most weight is masked for later steps.
    """
    mapped = [network.preview(number, one) for number, one in enumerate(previews)]
    keys = [network.key(number, one) for number, one in enumerate(mapped)]
    valued = [network.value(number, one) for number, one in enumerate(values)]
    hidden, cell = network.initial(mapped)
    taken = torch.zeros(missing.shape[:2], dtype=torch.bool)
    seen, moments = [], []
    for _ in range(looks):
        look = network.ask(hidden, keys, missing | taken[..., None])
        moment = look.moments.masked_fill(taken, -1.0).argmax(dim=1)
        weights = look.over_segments * look.modalities[:, None]
        if hard:
            weights = _only(moment, look, missing)
        seen.append(_mean(valued, weights))
        hidden, cell = network.cell(_mean(mapped, weights), (hidden, cell))
        taken = taken.scatter(1, moment[:, None], True)
        moments.append(moment)
    mean = torch.stack(seen).mean(dim=0)
    return Skimmed(network.answer(mean), torch.stack(moments, dim=1))


def _only(moment: Tensor, look: Look, missing: Tensor) -> Tensor:
    """(N, S, M): the modalities' weights at one segment, shared among those that are there."""
    there = F.one_hot(moment, missing.shape[1])[..., None] * ~missing
    weights = there * look.modalities[:, None]
    return weights / weights.sum(dim=(1, 2), keepdim=True).clamp_min(1e-6)


def _mean(values: Sequence[Tensor], weights: Tensor) -> Tensor:
    """(N, S, A) by modality and (N, S, M) weights -> (N, A)."""
    return (torch.stack(list(values), dim=-1) * weights[:, :, None]).sum(dim=(1, 3))
