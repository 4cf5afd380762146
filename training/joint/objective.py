"""From a batch to its losses: decisions drawn, modalities fused, usage paid."""

# Dimensions: V videos, S segments, M modalities, H heads of the policy, K classes.

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.networks.adamml import AdaMML
from model.networks.decisions import gumbel_noise, sample_decisions
from model.spec.model_spec import ModelSpec
from training.configuration.recipe import JointConfig
from training.data.targets import is_correct, recognition_loss
from training.features.features import Features
from training.features.pooling import pool
from training.joint.efficiency_loss import policy_loss
from training.joint.gains import draw_orders, gains, gains_alone, teaching_loss


@dataclass(frozen=True, slots=True)
class Draws:
    """The random numbers of a batch, drawn on the CPU for all processes alike."""

    noise: Tensor  # (V, S, H, 2), of the Gumbel distribution
    kept: Tensor | None  # (V, S, M) decisions that replace the policy's, of the random policy
    silenced: Tensor | None  # (V,) bool: videos whose audio is dropped
    orders: Tensor | None = None  # (V, O, S * M) in which gains are measured

    def select(self, rows: Tensor) -> Draws:
        return Draws(
            self.noise[rows],
            None if self.kept is None else self.kept[rows],
            None if self.silenced is None else self.silenced[rows],
            None if self.orders is None else self.orders[rows],
        )

    def to(self, device: torch.device) -> Draws:
        return Draws(
            self.noise.to(device),
            None if self.kept is None else self.kept.to(device),
            None if self.silenced is None else self.silenced.to(device),
            None if self.orders is None else self.orders.to(device),
        )


def draw(
    videos: int,
    segments: int,
    spec: ModelSpec,
    config: JointConfig,
    generator: torch.Generator,
    *,
    trains_policy: bool,
) -> Draws:
    """For a batch of `videos`."""
    noise = gumbel_noise(torch.empty(videos, segments, spec.num_heads, 2), generator)
    silenced = kept = None
    if "audio" in spec.modality_names:
        silenced = torch.rand(videos, generator=generator) < config.drop_audio
    # Where folds judge, no policy has learned yet that could decide.
    rates_by_name = config.random_policy or dict.fromkeys(spec.modality_names, 1.0)
    if (config.random_policy is not None or config.folds) and not trains_policy:
        rates = torch.tensor([rates_by_name[name] for name in spec.modality_names])
        shape_kept = (videos, segments, len(spec.modalities))
        kept = (torch.rand(shape_kept, generator=generator) < rates).float()
    orders = None
    if trains_policy and config.policy_teacher == "gains":
        items = segments * len(spec.modalities)
        orders = draw_orders(videos, items, config.gain_orders, generator)
    return Draws(noise, kept, silenced, orders)


class Outcome(NamedTuple):
    losses: Tensor  # (V,)
    decisions: Tensor  # (V, S, M)
    correct: Tensor  # (V,) bool


class JointObjective(nn.Module):
    """A module, so that several processes can share the gradient."""

    def __init__(
        self,
        model: AdaMML,
        config: JointConfig,
        cost_weights: Tensor,
    ) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.register_buffer("cost_weights", cost_weights, persistent=False)
        costs = model.spec.require_costs().recognition
        gflops = [costs[name].total / 1e9 for name in model.spec.modality_names]
        least = [config.gain_least.get(name, 0.0) for name in model.spec.modality_names]
        price = config.gain_price * torch.tensor(gflops) + torch.tensor(least)
        self.register_buffer("gain_price", price, persistent=False)
        alone = [name in config.gain_alone for name in model.spec.modality_names]
        self.register_buffer("gain_alone", torch.tensor(alone), persistent=False)

    def forward(
        self, batch: Features, draws: Draws, temperature: float, trains_policy: bool
    ) -> Outcome:
        features = pool(self.model, self._silenced(batch, draws))
        policy = policy_outputs(self.model, features)
        decisions = self._decisions(policy.logits, features, draws, temperature)
        logits = recognition_logits(self.model, features).float()
        video = self.model.fuse(logits, decisions, policy.exit_logits).video
        if draws.orders is not None:
            losses = self._taught(features, policy, logits, draws.orders)
            return Outcome(losses, decisions.detach(), is_correct(video, features.targets))
        if trains_policy:
            weights = self.get_buffer("cost_weights")
            losses = policy_loss(video, features.targets, decisions, weights, self.config)
        else:
            losses = recognition_loss(video, features.targets)
            if policy.exit_logits is not None:
                # Of itself too: the fusion alone would leave the exit what the others miss.
                losses = losses + recognition_loss(policy.exit_logits.mean(1), features.targets)
        return Outcome(losses, decisions.detach(), is_correct(video, features.targets))

    def _taught(
        self, features: Features, policy: PolicyOutputs, logits: Tensor, orders: Tensor
    ) -> Tensor:
        """(V,): the policy is to keep what gains more than its price, as judged by classifiers
        that have not seen the video, where there are such."""
        exits = policy.exit_logits
        if (judged := features.judged) is not None:
            logits, exits = judged[:, :, : logits.shape[2]], None
            if policy.exit_logits is not None:
                exits = judged[:, :, -1]

        def fuse(decisions: Tensor) -> Tensor:
            return self.model.fuse(logits, decisions, exits).video

        gained = gains(fuse, features.available, features.targets, orders)
        if self.config.gain_alone:
            alone = gains_alone(fuse, features.available, features.targets)
            gained = torch.where(self.get_buffer("gain_alone"), alone, gained)
        stakes = gained - self.get_buffer("gain_price")
        return teaching_loss(policy.logits, stakes, features.available)

    def _silenced(self, batch: Features, draws: Draws) -> Features:
        """Without the sound of some videos, so that a missing track itself tells no label."""
        if draws.silenced is None:
            return batch
        return batch.without("audio", self.model.spec.modality_names.index("audio"), draws.silenced)

    def _decisions(
        self, logits: Tensor, features: Features, draws: Draws, temperature: float
    ) -> Tensor:
        if self.config.keeps_all:
            return features.available.to(logits.dtype)
        if draws.kept is not None:
            return draws.kept * features.available
        return sample_decisions(
            logits,
            tau=temperature,
            available=features.available,
            # One decision for all modalities is one draw for all.
            noise=draws.noise.expand_as(logits),
        )


def recognition_logits(model: AdaMML, features: Features) -> Tensor:
    """(V, S, M, K): every modality's logits of every segment."""
    names = model.spec.modality_names
    logits = [model.recognizer(name).classify(features.recognition[name]) for name in names]
    return torch.stack(logits, dim=2)


class PolicyOutputs(NamedTuple):
    """What the policy makes of videos."""

    logits: Tensor  # (V, S, M, 2) raw outputs
    exit_logits: Tensor | None  # (V, S, K)


def policy_outputs(model: AdaMML, features: Features) -> PolicyOutputs:
    """The policy above its branches."""
    shape = features.available.shape[:2]
    rows = [features.policy[name].flatten(0, 1) for name in model.spec.modality_names]
    joint, exits = model.policy.joint(rows, features.available.flatten(0, 1))
    logits = model.policy.recur(joint.reshape(*shape, -1)).float()
    return PolicyOutputs(logits, None if exits is None else exits.reshape(*shape, -1).float())
