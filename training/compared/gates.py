"""What gates have in common: hard decisions with a gradient, and a share that they should keep."""

# Dimensions: N videos of a batch.

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.data.targets import recognition_loss

# The release of LiteEval: exponential from 1 to 0.5, noise halved, the weight of the share's loss
# rising to 2.
START_TEMPERATURE = 1.0
END_TEMPERATURE = 0.5
NOISE = 0.5
LARGEST_WEIGHT = 2.0
SHARES = (0.1, 0.2, 0.4)
THRESHOLDS = (0.3, 0.5, 0.7)

# The share of the training that is done, and what random numbers come from.
Draws = tuple[float, torch.Generator]


def temperature(done: float) -> float:
    """By the share of the training that is done."""
    return float(START_TEMPERATURE * (END_TEMPERATURE / START_TEMPERATURE) ** done)


def opened(logit: Tensor, threshold: float, draws: Draws | None) -> Tensor:
    """(N,) differences of logits -> (N,) 0 or 1. Without `draws` a gate opens from the probability
    `threshold`, and never closes at 0; with them it is drawn and has a gradient."""
    if draws is not None:
        return drawn_gate(logit, *draws)
    return (logit.sigmoid() >= threshold).float()


def drawn_gate(logit: Tensor, done: float, generator: torch.Generator) -> Tensor:
    """(N,) differences of logits -> (N,) 0 or 1, straight through a two-way Gumbel-softmax.

    The difference of two Gumbel draws is a logistic one.
    """
    uniform = torch.rand(logit.shape, generator=generator).clamp(1e-6, 1 - 1e-6)
    noise = NOISE * torch.logit(uniform)
    soft = torch.sigmoid((logit + noise) / temperature(done))
    return (soft > 0.5).float() + soft - soft.detach()


def gate_loss(logits: Tensor, targets: Tensor, used: Tensor, wanted: float, done: float) -> Tensor:
    """Cross entropy of (N, K), and how far the batch's mean share (N,) is from what is wanted."""
    distance = (used.mean() - wanted) ** 2
    return recognition_loss(logits, targets).mean() + LARGEST_WEIGHT * done * distance


def gate_dials() -> Sequence[str]:
    """A training for each share; thresholds at test time are a finer dial, and ours."""
    return [f"share {share}, gate {one}" for share in SHARES for one in THRESHOLDS]


def read_dial(dial: str) -> tuple[float, float]:
    """The share that a gate was trained for, and the probability from which it opens."""
    share, gate = dial.split(", ")
    return float(share.split()[1]), float(gate.split()[1])
