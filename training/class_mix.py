"""Weights that give a small split the mix of classes of a larger one."""

# Dimensions: V videos, K classes.

from __future__ import annotations

import torch
from torch import Tensor


def even_weights(videos: int) -> Tensor:
    return torch.full((videos,), 1 / videos, dtype=torch.float64)


def mixed_like(targets: Tensor, others: Tensor) -> Tensor:
    """(V,) weights, of sum 1, under which classes are as frequent as among the `others`' targets.

    Post-stratification: where classes differ in cost, the mean over a few videos depends on which
    classes happen to be among them. A class that is missing here takes no part. Videos of several
    labels all weigh the same.
    """
    if targets.ndim > 1:
        return even_weights(len(targets))
    classes = int(max(targets.max(), others.max())) + 1
    here, there = (torch.bincount(t, minlength=classes).double() for t in (targets, others))
    weights = (there / here.clamp_min(1))[targets]
    return weights / weights.sum() if weights.sum() > 0 else even_weights(len(targets))
