"""The fixed statistics by which a policy standardises its branches' features."""

# Dimensions: N rows, D features of a branch.

from __future__ import annotations

import torch
from torch import Tensor

from model.networks.adamml import AdaMML
from training.features.features import Features, JointData
from training.features.pooling import pool
from training.features.stage_outputs import CALIBRATION_VIDEOS
from training.run.engine import Engine

# Added to the spread, so that a feature that never changes does not explode.
EPSILON = 1e-3


@torch.no_grad()
def standardize_policy(model: AdaMML, train: JointData, engine: Engine) -> None:
    """Set them in place, where the spec asks for it; puts `model` into eval mode.

    Of the training videos' segments in which the modality exists: all of pooled features, the
    first of raw inputs.
    """
    if not model.spec.policy.standardizes:
        return
    features = pool(model.eval(), _some(train).to(engine.hardware.device))
    names = model.spec.modality_names
    rows = [features.policy[n][features.available[..., i]].float() for i, n in enumerate(names)]
    # Half precision holds them, as the other weights of a bundle.
    mean, scale = (torch.cat(parts).half() for parts in zip(*map(_statistics, rows), strict=True))
    model.policy.get_buffer("feature_mean").copy_(mean)
    model.policy.get_buffer("feature_scale").copy_(scale)


def _some(train: JointData) -> Features:
    is_pooled = isinstance(train, Features) and not train.is_raw
    number = len(train) if is_pooled else min(len(train), CALIBRATION_VIDEOS)
    return train.select(torch.arange(number))


def _statistics(rows: Tensor) -> tuple[Tensor, Tensor]:
    """(N, D) -> mean and 1 / spread, (D,) each. What too few videos have stays as it is."""
    if len(rows) < 2:
        return rows.new_zeros(rows.shape[1]), rows.new_ones(rows.shape[1])
    std, mean = torch.std_mean(rows, dim=0)
    return mean, 1 / (std + EPSILON)
