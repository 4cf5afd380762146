"""What each segment of each modality gains: the truth that the policy can be taught by ranking.

The gain is the log-probability of the true classes with it minus without, given evidence drawn at
random from the rest: a Shapley value, by sampled orders. Or given nothing, as SOSampler and
SCSampler rank within one modality.
"""

# Dimensions: V videos, O orders, S segments, M modalities, K classes.

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from training.data.targets import recognition_loss

# Nats: a video that a network is sure and wrong about is to count as a few others.
MOST_AT_STAKE = 2.0
# (V, S, M) decisions -> (V, K) logits of the videos.
Fuse = Callable[[Tensor], Tensor]


def draw_orders(videos: int, items: int, orders: int, generator: torch.Generator) -> Tensor:
    """(V, O, S * M): in each order every item once."""
    return torch.rand(videos, orders, items, generator=generator).argsort(dim=2)


@torch.no_grad()
def gains(fuse: Fuse, available: Tensor, targets: Tensor, orders: Tensor) -> Tensor:
    """(V, S, M) nats; what is not available gains nothing.

    In each of the (V, O, S * M) orders the items of a video are added one by one. A video of
    nothing has the loss that `fuse` gives it: of zero logits, or of an exit head's.
    """
    rows = torch.arange(len(available), device=available.device)
    total = torch.zeros(available.flatten(1).shape, device=available.device)
    for order in orders.unbind(1):
        kept = torch.zeros_like(total)
        before = recognition_loss(fuse(kept.view_as(available)), targets)
        for column in order.unbind(1):
            kept[rows, column] = available.flatten(1)[rows, column].float()
            now = recognition_loss(fuse(kept.view_as(available)), targets)
            total[rows, column] += before - now
            before = now
    return (total / orders.shape[1]).view_as(available)


@torch.no_grad()
def gains_alone(fuse: Fuse, available: Tensor, targets: Tensor) -> Tensor:
    """(V, S, M) nats that each gains when nothing else is known; what is not available, none."""
    gained = torch.zeros(available.shape, device=available.device)
    before = recognition_loss(fuse(gained), targets)
    for segment, column in itertools.product(*(range(size) for size in available.shape[1:])):
        kept = torch.zeros_like(gained)
        kept[:, segment, column] = available[:, segment, column].float()
        gained[:, segment, column] = before - recognition_loss(fuse(kept), targets)
    return gained


def teaching_loss(logits: Tensor, stakes: Tensor, available: Tensor) -> Tensor:
    """(V, S, M, 2) of the policy, (V, S, M) nats gained beyond the price -> (V,): how far p(keep)
    is from keeping what is above it and skipping the rest, over what is available.

    What is far above or below its price counts more: then p(keep) exceeds 1/2 where the expected
    gain exceeds the price, however often small gains of chance do. Stakes are shares of the batch's
    mean for the modality, so that one whose gains are small is learned as well.
    """
    weights = stakes.abs().clamp_max(MOST_AT_STAKE) * available
    count = available.sum(dim=(0, 1)).clamp_min(1)
    shares = weights / (weights.sum(dim=(0, 1)) / count).clamp_min(torch.finfo(weights.dtype).tiny)
    difference = logits[..., 1] - logits[..., 0]
    worth = (stakes > 0).to(difference.dtype)
    loss = F.binary_cross_entropy_with_logits(difference, worth, reduction="none")
    return (loss * shares).sum(dim=(1, 2))
