"""From the policy's raw outputs to decisions: certain when serving, sampled when training."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

KEEP = 1  # index of "keep" in the last axis of the policy's outputs; 0 is "skip"


def keep_probability(logits: Tensor) -> Tensor:
    """(..., 2) raw outputs -> (...) p(keep) = sigmoid(z1 - z0)."""
    return torch.sigmoid(logits[..., KEEP] - logits[..., 1 - KEEP])


def decide(logits: Tensor, threshold: float, available: Tensor | None = None) -> Tensor:
    """(..., 2) raw outputs -> (...) bool: p(keep) exceeds `threshold`, and there is an input."""
    keep = keep_probability(logits) > threshold
    return keep if available is None else keep & available.bool()


def gumbel_noise(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Of the shape, type and device of `like`."""
    exponential = torch.empty_like(like).exponential_(generator=generator)
    return -exponential.clamp_min(torch.finfo(like.dtype).tiny).log()


def sample_decisions(
    logits: Tensor,
    *,
    tau: float,
    available: Tensor | None = None,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """(..., 2) raw outputs -> (...) floats, exactly 0 or 1, drawn with p(keep).

    Straight-through Gumbel-softmax (arXiv:1611.01144): the outputs are unnormalised log
    probabilities; the gradient is that of softmax((outputs + noise) / tau), so `tau` scales
    gradients and never changes a draw. Unavailable modalities get 0 and no gradient. `noise`, of
    the Gumbel distribution and of the outputs' shape, replaces drawing from `generator`.
    """
    if tau <= 0:
        raise ValueError(f"tau is {tau}; it must be positive")
    if noise is None:
        noise = gumbel_noise(logits, generator)
    soft = F.softmax((logits + noise) / tau, dim=-1)[..., KEEP]
    hard = (soft > 0.5).to(soft.dtype)
    # The bracket is exactly zero, so the value stays exactly 0 or 1.
    decisions = hard + (soft - soft.detach())
    return decisions if available is None else decisions * available.to(decisions.dtype)
