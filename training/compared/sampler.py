"""SCSampler's rule (arXiv:1904.04289): the K most salient segments, by a preview of each."""

# Dimensions: V videos, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.cost import count_layers
from training.compared.learning import DEFAULTS, learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace, marked

Rule = Literal["confidence", "ranking"]


class SalienceHead(nn.Module):
    """A linear layer on the previews of one segment: class logits, or a salience itself."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DEFAULTS.dropout)
        self.linear = nn.Linear(features, outputs)

    def forward(self, previews: Tensor) -> Tensor:
        """(..., D) -> (..., K), or (..., 1)."""
        outputs: Tensor = self.linear(self.dropout(previews))
        return outputs

    def salience(self, previews: Tensor) -> Tensor:
        """(..., D) -> (...): the highest class probability, or the one output."""
        outputs: Tensor = self(previews)
        if outputs.shape[-1] == 1:
            return outputs[..., 0]
        return outputs.softmax(dim=-1).amax(dim=-1)


@dataclass(frozen=True, slots=True)
class Sampler:
    """Segments are judged one by one, their number is fixed, answers are averaged."""

    shared: Shared
    head: SalienceHead

    @property
    def dials(self) -> Sequence[str]:
        return [f"K {number}" for number in range(1, self.shared.val.segments + 1)]

    @property
    def head_macs(self) -> Mapping[str, int]:
        row = torch.zeros(1, self.head.linear.in_features)
        return {"salience": count_layers(self.head, lambda: self.head(row)).total}

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        number = int(dial.split()[1])
        best = self.head.salience(clips.all_previews()).topk(number, dim=1).indices
        computed = marked(best, clips.segments).unsqueeze(-1) & clips.available
        steps = {"salience": torch.full((len(clips),), clips.segments)}
        return Trace(self.shared.fused(clips, computed), clips.available.clone(), computed, steps)


def fit_sampler(shared: Shared, seed: int) -> Sampler:
    """Trained as a classifier of segments; its highest probability is the salience."""
    return _fit(shared, seed, "confidence")


def fit_ranking_sampler(shared: Shared, seed: int) -> Sampler:
    """Trained to rank the segments of a video as the recognisers' probability of the true class
    does."""
    return _fit(shared, seed, "ranking")


def _fit(shared: Shared, seed: int, rule: Rule) -> Sampler:
    train, val = shared.train, shared.val
    outputs = shared.num_classes if rule == "confidence" else 1
    width = train.all_previews().shape[-1]
    head = new_network(lambda: SalienceHead(width, outputs), seed, f"sampler {rule}")
    measure = _classification_loss if rule == "confidence" else _ranking_loss
    goal = {id(clips): _goal(shared, clips, rule) for clips in (train, val)}

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        del done, generator
        return measure(head(train.all_previews()[rows]), goal[id(train)][rows])

    def validate() -> float:
        return measure(head(val.all_previews()), goal[id(val)]).item()

    learn(head, loss, validate, videos=len(train), seed=seed, name=f"sampler {rule}")
    return Sampler(shared, head)


def _goal(shared: Shared, clips: Clips, rule: Rule) -> Tensor:
    """(V, S) labels; or how sure the recognisers are of the true one, segment by segment."""
    labels = clips.targets[:, None].expand(-1, clips.segments)
    if rule == "confidence":
        return labels
    with torch.no_grad():
        decisions = clips.available.float()
        segments = shared.model.fuse(clips.logits, decisions).segments.softmax(dim=-1)
    return segments.gather(-1, labels[..., None]).squeeze(-1)


def _classification_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """(V, S, K) logits, (V, S) labels."""
    return F.cross_entropy(outputs.flatten(0, 1), labels.flatten())


def _ranking_loss(outputs: Tensor, sureness: Tensor) -> Tensor:
    """Hinge on the differences between the segments of a video, (V, S, 1) against (V, S)."""
    salience = outputs[..., 0]
    differences = salience[:, :, None] - salience[:, None, :]
    is_better = (sureness[:, :, None] > sureness[:, None, :]).float()
    return ((1 - differences).clamp_min(0) * is_better).sum() / is_better.sum().clamp_min(1)
