"""LateFusion: from the modalities' logits and the decisions to logits of segments and videos."""

# Dimensions: ... any leading axes (videos), S segments, M modalities, K classes.

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.spec.model_spec import FusionSpec

# Where weights are renormalised none counts for less than this, see LateFusion.
MIN_WEIGHT = 0.01


class Fused(NamedTuple):
    segments: Tensor  # (..., S, K)
    video: Tensor  # (..., K)


class LateFusion(nn.Module):
    """The kept modalities' logits put together, then the mean over segments.

    `weighted` learns M - 1 free scalars, 1/M at first; the last weight is 1 - their sum. They may
    leave [0, 1]. `class_weighted` learns them for every class. As published, the sum is not
    renormalised: a skipped modality counts as zero logits, an empty segment as a zero vector that
    takes part in the mean.

    With `renormalizes` a segment's logits are a convex combination of what was kept: the sum is
    divided by the kept weights, each raised to at least MIN_WEIGHT first, so that a tiny or
    negative weight neither divides by almost nothing nor turns a prediction over. A segment where
    nothing was kept has zero logits and no say in the video's mean; a video where nothing was
    kept has zero logits, hence a uniform softmax. With `pools_evidence` the video is the convex
    combination of all that was kept in any segment.

    `max` and `fc2` have no weights to renormalise; only what is said of empty segments holds.
    `log_sum_exp` pools all that was kept over segments and modalities at once, whatever the options
    say; a video where nothing was kept has zero logits.
    """

    def __init__(self, spec: FusionSpec, num_modalities: int, num_classes: int) -> None:
        super().__init__()
        self.spec = spec
        self.num_modalities = num_modalities
        free = (num_modalities - 1,)
        if spec.rule == "weighted":
            self.free_weights = nn.Parameter(torch.full(free, 1 / num_modalities))
        elif spec.rule == "class_weighted":
            equal = torch.full((*free, num_classes), 1 / num_modalities)
            self.free_weights = nn.Parameter(equal)
        elif spec.rule == "fc2":
            width = num_modalities * num_classes
            self.fc1 = nn.Linear(width, width)
            self.fc2 = nn.Linear(width, num_classes)

    def weights(self) -> Tensor:
        """(M,), or (M, K) where every class has its own; summing to 1 over the modalities."""
        if self.spec.rule == "average":
            return torch.full((self.num_modalities,), 1 / self.num_modalities)
        return torch.cat([self.free_weights, 1 - self.free_weights.sum(dim=0, keepdim=True)])

    def forward(self, logits: Tensor, decisions: Tensor) -> Fused:
        """(..., S, M, K) logits and (..., S, M) decisions, 0 or 1 -> fused logits.

        Finite logits give finite outputs and gradients, whatever the decisions.
        """
        decisions = decisions.to(logits.dtype)
        if self.spec.rule == "max":
            segments = max_fusion(logits, decisions)
        elif self.spec.rule == "log_sum_exp":
            segments = log_sum_exp(logits, decisions, axes=(-2,))
            return Fused(segments, log_sum_exp(logits, decisions, axes=(-3, -2)))
        elif self.spec.rule == "fc2":
            segments = self._fully_connected(logits, decisions)
        else:
            segments = self._weighted_sum(logits, decisions)
        if self.spec.pools_evidence:
            return Fused(segments, _convex(logits, self._shares(logits, decisions), axes=(-3, -2)))
        if not self.spec.renormalizes:
            return Fused(segments, segments.mean(dim=-2))
        count = _occupied(decisions).to(logits.dtype).sum(dim=-2).clamp_min(1)
        return Fused(segments, segments.sum(dim=-2) / count)

    def _weighted_sum(self, logits: Tensor, decisions: Tensor) -> Tensor:
        shares = self._shares(logits, decisions)
        if self.spec.renormalizes:
            return _convex(logits, shares, axes=(-2,))
        return (shares * logits).sum(dim=-2)

    def _shares(self, logits: Tensor, decisions: Tensor) -> Tensor:
        """(..., S, M, 1 or K): the weights of what was kept."""
        weights = self.weights().to(logits).reshape(self.num_modalities, -1)
        if self.spec.renormalizes:
            weights = weights.clamp_min(MIN_WEIGHT)
        return weights * decisions.unsqueeze(-1)

    def _fully_connected(self, logits: Tensor, decisions: Tensor) -> Tensor:
        kept = (decisions.unsqueeze(-1) * logits).flatten(-2)
        segments: Tensor = self.fc2(F.relu(self.fc1(kept)))
        return segments * _occupied(decisions).to(logits.dtype)


def _convex(logits: Tensor, shares: Tensor, *, axes: tuple[int, ...]) -> Tensor:
    """The mean of `logits` over `axes` by their `shares`; zero where all of these are zero."""
    total = shares.sum(dim=axes)
    divisor = torch.where(total > MIN_WEIGHT / 2, total, torch.ones_like(total))
    return (shares * logits).sum(dim=axes) / divisor


# A logit that was skipped may be larger than all that was kept: what keeping it would add has no
# more gradient than e to this.
MAX_EXCESS = 20.0


def log_sum_exp(logits: Tensor, decisions: Tensor, *, axes: tuple[int, ...]) -> Tensor:
    """ln of the sum of d exp(z) over `axes` of (..., S, M, K) logits z and (..., S, M) decisions d,
    0 or 1; zeros where none is kept. Decisions get what keeping would add as their gradient."""
    kept = decisions.unsqueeze(-1)
    smallest = torch.full_like(logits, torch.finfo(logits.dtype).min)
    largest = torch.where(kept > 0.5, logits, smallest).amax(dim=axes, keepdim=True).detach()
    is_any = (kept > 0.5).any(dim=axes[0], keepdim=True)
    for axis in axes[1:]:
        is_any = is_any.any(dim=axis, keepdim=True)
    largest = torch.where(is_any, largest, torch.zeros_like(largest))
    total = (kept * (logits - largest).clamp_max(MAX_EXCESS).exp()).sum(dim=axes)
    pooled = total.clamp_min(torch.finfo(logits.dtype).tiny).log() + largest.sum(dim=axes)
    return torch.where(is_any.squeeze(axes), pooled, torch.zeros_like(pooled))


def _occupied(decisions: Tensor) -> Tensor:
    """(..., S, M) -> (..., S, 1) bool: something was kept."""
    return decisions.sum(dim=-1, keepdim=True) > 0.5


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
