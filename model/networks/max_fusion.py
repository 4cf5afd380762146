"""The largest logit of the kept modalities, with a gradient for the decisions."""

# Dimensions: ... any leading axes, M modalities, K classes.

from __future__ import annotations

import torch
from torch import Tensor


def max_fusion(logits: Tensor, decisions: Tensor) -> Tensor:
    """(..., M, K) logits and (..., M) decisions, 0 or 1 -> (..., K); zeros where none is kept.

    A maximum over the kept ones says nothing of the others, so the decisions get a gradient of
    their own, straight-through: what keeping the modality adds to the maximum of the other kept.
    """
    kept = decisions.unsqueeze(-1) > 0.5
    fused = _largest(logits, kept)
    if not decisions.requires_grad:
        return fused
    for index, one in enumerate(torch.eye(decisions.shape[-1], device=logits.device).bool()):
        with_it = _largest(logits, kept | one.unsqueeze(-1))
        without_it = _largest(logits, kept & ~one.unsqueeze(-1))
        decision = decisions[..., index, None]
        # The bracket is exactly zero, so the value stays the maximum.
        fused = fused + (decision - decision.detach()) * (with_it - without_it).detach()
    return fused


def _largest(logits: Tensor, kept: Tensor) -> Tensor:
    smallest = torch.full_like(logits, torch.finfo(logits.dtype).min)
    largest = torch.where(kept, logits, smallest).amax(dim=-2)
    return torch.where(kept.any(dim=-2), largest, torch.zeros_like(largest))
