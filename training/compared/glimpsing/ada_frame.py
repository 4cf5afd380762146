"""AdaFrame's rule (arXiv:1811.12432): a memory of small frames, a stop by the gain to come."""

# Dimensions: V videos, N of a batch, S segments, T looks, D features, A width of the memory.

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.cost import count_layers
from training.compared.glimpsing.glimpser import (
    RANDOM_LOOKS,
    Agent,
    Walk,
    all_answers,
    fraction,
    gaussian_walk,
    reinforce,
)
from training.compared.learning import DEFAULTS, learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace

DEVIATION = 0.1  # the paper's variance of 0.01
DISCOUNT = 0.9
# How far utility has to fall below its highest, and how often.
MARGINS = (0.0, 0.02, 0.05, 0.1, 0.2)
PATIENCE = 1
NAME = "ada frame"


class Rememberer(nn.Module):
    """An agent beside a memory: every preview with its place, read by attention."""

    def __init__(self, features: int, previews: int, num_classes: int) -> None:
        super().__init__()
        width = DEFAULTS.small_width
        self.agent = Agent(features, num_classes, choices=1, context=width)
        self.memory = nn.Linear(previews + 1, width)
        self.query = nn.Linear(self.agent.width, width)
        self.dropout = nn.Dropout(DEFAULTS.dropout)

    def remember(self, previews: Tensor) -> Tensor:
        """(N, S, D) -> (N, S, A)."""
        places = fraction(torch.arange(previews.shape[1]), previews.shape[1])
        column = places[None, :, None].expand(len(previews), -1, 1)
        memory: Tensor = self.memory(torch.cat([self.dropout(previews), column], dim=-1))
        return F.relu(memory)

    def recall(self, memory: Tensor, hidden: Tensor) -> Tensor:
        """(N, S, A) and (N, W) -> (N, A), the mean that the state asks for."""
        query = self.query(hidden)
        scores = (memory @ query[:, :, None])[..., 0] / math.sqrt(query.shape[1])
        summary: Tensor = (memory * scores.softmax(dim=1)[..., None]).sum(dim=1)
        return summary


@dataclass(frozen=True, slots=True)
class AdaFrame:
    """One training; the dial is the margin of the stop."""

    network: Rememberer

    @property
    def dials(self) -> Sequence[str]:
        return [f"margin {margin}" for margin in MARGINS] + ["no stop"]

    @property
    def head_macs(self) -> Mapping[str, int]:
        network, width = self.network, self.network.memory.out_features
        row = torch.zeros(1, 1, network.memory.in_features - 1)
        look = network.agent.step_macs(width)
        recall = count_layers(network, lambda: network.query(torch.zeros(1, network.agent.width)))
        remember = count_layers(network, lambda: network.remember(row))
        return {"preview": remember.total, "look": look + recall.total}

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        margin = math.inf if dial == "no stop" else float(dial.split()[1])
        walk = wander(self.network, clips.all_fine(), clips.all_previews())
        walk = walk._replace(lengths=stops(walk.expected, margin))
        steps = {"preview": torch.full((len(clips),), clips.segments), "look": walk.lengths}
        return Trace(walk.final(), clips.available.clone(), walk.computed(clips), steps)


def stops(utility: Tensor, margin: float) -> Tensor:
    """(N, T) utilities -> (N,) looks until it has lain more than `margin` below its highest
    PATIENCE times."""
    highest = utility.cummax(dim=1).values
    falls = (highest - utility > margin).cumsum(dim=1) >= PATIENCE
    first = torch.where(falls.any(dim=1), falls.float().argmax(dim=1), utility.shape[1] - 1)
    return first + 1


def wander(
    network: Rememberer,
    fine: Tensor,
    previews: Tensor,
    generator: torch.Generator | None = None,
    *,
    at_random: bool = False,
) -> Walk:
    """(N, S, D) each; S looks."""
    memory = network.remember(previews)
    return gaussian_walk(
        network.agent,
        fine,
        looks=fine.shape[1],
        deviation=DEVIATION,
        recall=lambda hidden: network.recall(memory, hidden),
        generator=generator,
        at_random=at_random,
    )


def gains(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, T): by how much the margin of the true class over the best other grew beyond its best
    so far, if it did. The first look's gain is its margin."""
    probabilities = logits.softmax(dim=-1)
    index = targets[:, None, None].expand(-1, logits.shape[1], 1)
    true = probabilities.gather(2, index)[..., 0]
    others = probabilities.scatter(2, index, -1.0).amax(dim=-1)
    margins = true - others
    best = torch.cat([torch.zeros_like(margins[:, :1]), margins.cummax(dim=1).values[:, :-1]], 1)
    return (margins - best).clamp_min(0)


def to_come(rewards: Tensor) -> Tensor:
    """(N, T) -> (N, T): what follows each look, discounted; after the last there is nothing."""
    total, sums = torch.zeros(len(rewards)), []
    for reward in reversed(rewards.unbind(1)):
        sums.append(total)
        total = reward + DISCOUNT * total
    return torch.stack(sums[::-1], dim=1)


def fit_ada_frame(shared: Shared, seed: int) -> AdaFrame:
    """Answers are learned after every look, since any may be the last: the paper's only at the
    last."""
    train, val = shared.train, shared.val
    fine, previews = train.all_fine(), train.all_previews()
    sizes = (fine.shape[-1], previews.shape[-1], shared.num_classes)
    network = new_network(lambda: Rememberer(*sizes), seed, NAME)

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        at_random = done < RANDOM_LOOKS
        walk = wander(network, fine[rows], previews[rows], generator, at_random=at_random)
        targets = train.targets[rows]
        answers = all_answers(walk, targets)
        returns = to_come(gains(walk.logits.detach(), targets))
        decides = torch.ones_like(returns)
        if at_random:
            return answers + ((walk.expected - returns) ** 2).sum(dim=1).mean()
        return answers + reinforce(walk, returns, decides)

    def validate() -> float:
        walk = wander(network, val.all_fine(), val.all_previews())
        return all_answers(walk, val.targets).item()

    learn(network, loss, validate, videos=len(train), seed=seed, name=NAME)
    return AdaFrame(network)
