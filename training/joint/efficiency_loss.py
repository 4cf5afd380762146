"""The efficiency loss: what a video pays for the modalities it used (AdaMML, Eq. 4)."""

# Dimensions: V videos, S segments, M modalities, K classes.

from __future__ import annotations

import torch
from torch import Tensor

from model.spec.model_spec import ModelSpec
from training.configuration.recipe import JointConfig
from training.data.targets import correctness, is_correct, recognition_loss


def efficiency_loss(
    video_logits: Tensor,
    targets: Tensor,
    decisions: Tensor,
    cost_weights: Tensor,
    config: JointConfig,
) -> Tensor:
    """(V, K) logits, targets, (V, S, M) decisions, (M,) lambda -> (V,).

    With u_k the share of a video's segments that used modality k, its usage costs
    sum_k lambda_k * u_k^2, and being wrong gamma * sum_k lambda_k. `config.efficiency_loss` says
    who pays which, see there. In `broadcast`, the published code's slip, gamma is not multiplied
    by lambda, and the mean over the batch is its accuracy times its mean usage cost: wrong videos
    are pushed to use less as well.
    """
    if config.efficiency_loss == "none":
        return torch.zeros_like(video_logits[:, 0])
    share = decisions.mean(dim=1)
    usage = (cost_weights * (share if config.usage_cost == "linear" else share.square())).sum(dim=1)
    right = is_correct(video_logits, targets).to(usage.dtype)
    gamma = config.wrong_penalty
    if config.efficiency_loss == "broadcast":
        return right.mean() * usage + (1 - right) * gamma
    if config.efficiency_loss == "soft":
        right = correctness(video_logits, targets)
    return right * usage + (1 - right) * gamma * cost_weights.sum()


def policy_loss(
    video_logits: Tensor,
    targets: Tensor,
    decisions: Tensor,
    cost_weights: Tensor,
    config: JointConfig,
) -> Tensor:
    """(V,): the recognition loss of the fused logits plus the efficiency loss."""
    paid = efficiency_loss(video_logits, targets, decisions, cost_weights, config)
    return recognition_loss(video_logits, targets) + paid


def cost_weights(spec: ModelSpec, config: JointConfig) -> Tensor:
    """(M,) the paper's lambda."""
    names = spec.modality_names
    if config.cost_weights is not None:
        return torch.tensor([config.cost_weights[name] for name in names])
    if config.cost_rule == "equal":
        return torch.full((len(names),), config.max_cost_weight)
    costs = spec.require_costs()
    macs = torch.tensor([costs.recognition[name].total for name in names], dtype=torch.float64)
    return (macs / macs.max()).float() * config.max_cost_weight
