"""The primary metric of an evaluation. Without torch, where every video has one label."""

# Dimensions: V videos, K classes.

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.runtime.base import Array

Labels = Sequence[tuple[int, ...]]  # V


def primary_metric_name(labels: Labels) -> Literal["top-1", "mAP"]:
    return "top-1" if all(len(one) == 1 for one in labels) else "mAP"


def primary_metric(logits: Array, labels: Labels) -> float:
    """Of (V, K) logits: top-1, or mean average precision where not every video has one label."""
    if primary_metric_name(labels) == "top-1":
        return hits_among(logits, labels, 1)
    import torch

    from training.data.targets import multi_hot
    from training.run.metrics import mean_average_precision

    targets = multi_hot([list(one) for one in labels], logits.shape[1])
    return mean_average_precision(torch.from_numpy(logits), targets)


def hits_among(logits: Array, labels: Labels, k: int) -> float:
    """Share of videos of which one of the `k` likeliest labels is right."""
    return float(hits_of(logits, labels, k).mean())


def hits_of(logits: Array, labels: Labels, k: int) -> NDArray[np.float64]:
    """(V,) 1 where one of the `k` likeliest labels is right, else 0."""
    likeliest = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    hits = [bool(set(row.tolist()) & set(one)) for row, one in zip(likeliest, labels, strict=True)]
    return np.array(hits, dtype=np.float64)
