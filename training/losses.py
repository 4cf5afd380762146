"""The efficiency loss: what a video pays for the modalities it used (AdaMML, Eq. 4)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def efficiency_loss(
    video_logits: Tensor, labels: Tensor, decisions: Tensor, cost_weights: Tensor, wrong: float
) -> Tensor:
    """(N, K) logits, (N,) labels, (N, S, M) decisions, (M,) lambda -> scalar.

    A correctly classified video pays sum_k lambda_k * u_k^2, u_k being the share of its segments
    that used modality k; a wrong one pays sum_k lambda_k * `wrong`, a constant without gradient.
    The published code multiplies by mistake the batch's mean accuracy with its mean cost, so that
    wrong videos are pushed to use less as well; this is the formula as printed.
    """
    usage = decisions.mean(dim=1)
    correct = video_logits.argmax(dim=1) == labels
    paid = (cost_weights * usage.square()).sum(dim=1)
    penalty = (cost_weights * wrong).sum().expand_as(paid)
    return torch.where(correct, paid, penalty).mean()


def policy_loss(
    video_logits: Tensor, labels: Tensor, decisions: Tensor, cost_weights: Tensor, wrong: float
) -> Tensor:
    """Cross entropy of the fused logits plus the efficiency loss."""
    accuracy = F.cross_entropy(video_logits, labels)
    return accuracy + efficiency_loss(video_logits, labels, decisions, cost_weights, wrong)
