"""LateFusion: from the modalities' logits and the decisions to logits of segments and videos."""

# Dimensions: ... any leading axes (videos), S segments, M modalities, K classes.

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.spec import FusionSpec

# Where weights are renormalised none counts for less than this, see LateFusion.
MIN_WEIGHT = 0.01


class Fused(NamedTuple):
    segments: Tensor  # (..., S, K)
    video: Tensor  # (..., K)


class LateFusion(nn.Module):
    """Weighted sum of the kept modalities' logits, then the mean over segments.

    `weighted` learns M - 1 free scalars, 1/M at first; the last weight is 1 - their sum. They may
    leave [0, 1]. As published, the sum is not renormalised: a skipped modality counts as zero
    logits, an empty segment as a zero vector that takes part in the mean.

    With `renormalizes` a segment's logits are a convex combination of what was kept: the sum is
    divided by the kept weights, each raised to at least MIN_WEIGHT first, so that a tiny or
    negative weight neither divides by almost nothing nor turns a prediction over. A segment where
    nothing was kept has zero logits and no say in the video's mean; a video where nothing was
    kept has zero logits, hence a uniform softmax.
    """

    def __init__(self, spec: FusionSpec, num_modalities: int) -> None:
        super().__init__()
        self.spec = spec
        self.num_modalities = num_modalities
        if spec.rule == "weighted":
            equal = torch.full((num_modalities - 1,), 1 / num_modalities)
            self.free_weights = nn.Parameter(equal)

    def weights(self) -> Tensor:
        """(M,), summing to 1."""
        if self.spec.rule == "average":
            return torch.full((self.num_modalities,), 1 / self.num_modalities)
        return torch.cat([self.free_weights, 1 - self.free_weights.sum(dim=0, keepdim=True)])

    def forward(self, logits: Tensor, decisions: Tensor) -> Fused:
        """(..., S, M, K) logits and (..., S, M) decisions, 0 or 1 -> fused logits.

        Finite logits give finite outputs and gradients, whatever the decisions.
        """
        decisions = decisions.to(logits.dtype)
        weights = self.weights().to(logits)
        if not self.spec.renormalizes:
            segments = ((weights * decisions).unsqueeze(-1) * logits).sum(dim=-2)
            return Fused(segments, segments.mean(dim=-2))
        shares = weights.clamp_min(MIN_WEIGHT) * decisions
        total = shares.sum(dim=-1, keepdim=True)
        occupied = total > MIN_WEIGHT / 2
        shares = shares / torch.where(occupied, total, torch.ones_like(total))
        segments = (shares.unsqueeze(-1) * logits).sum(dim=-2)
        count = occupied.to(logits.dtype).sum(dim=-2).clamp_min(1)
        return Fused(segments, segments.sum(dim=-2) / count)
