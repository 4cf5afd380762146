"""Validating a model as serving decides: a threshold, no sampling."""

# Dimensions: V videos, S segments, M modalities.

from __future__ import annotations

from dataclasses import dataclass

import torch

from model.inference.decisions import keep_probabilities
from model.inference.operating_points import dense_gflops
from model.networks.adamml import AdaMML
from training.data.targets import accuracy, recognition_loss
from training.features.features import Features
from training.joint.curve.operating_points import WORTH_OF_DENSE
from training.joint.objective import policy_outputs, recognition_logits


@dataclass(frozen=True, slots=True)
class Validation:
    """Accuracy (top-1, or mAP), mean loss in nats, mean multiply-adds a video, and what share of
    the dense cost these are; selection rate by modality."""

    accuracy: float
    loss: float
    macs: float
    dense_macs: float
    selection: tuple[float, ...]

    def score(self) -> tuple[float, float]:
        """More is better: by what the serving point is chosen by, then cheaper."""
        return -(self.loss + WORTH_OF_DENSE * self.macs / self.dense_macs), -self.macs


@torch.no_grad()
def validate(model: AdaMML, features: Features, *, threshold: float) -> Validation:
    """Puts `model` into eval mode; pooled features alone."""
    model.eval()
    costs = model.spec.require_costs()
    macs = [costs.recognition[name].total for name in model.spec.modality_names]
    policy = policy_outputs(model, features)
    returns = model.spec.policy.returns
    probabilities = keep_probabilities(policy.logits.float().cpu().numpy(), returns)
    decisions = torch.from_numpy(probabilities > threshold) & features.available.cpu()
    logits = recognition_logits(model, features)
    video = model.fuse(logits, decisions.to(logits), policy.exit_logits).video
    spent = (decisions.double() * torch.tensor(macs, dtype=torch.float64)).sum(dim=(1, 2))
    return Validation(
        accuracy=accuracy(video.cpu(), features.targets.cpu()),
        loss=recognition_loss(video.cpu(), features.targets.cpu()).mean().item(),
        dense_macs=1e9 * dense_gflops(model.spec),
        macs=spent.mean().item() + costs.policy.total * decisions.shape[1],
        selection=tuple(decisions.float().mean(dim=(0, 1)).tolist()),
    )
