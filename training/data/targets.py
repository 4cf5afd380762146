"""What a video should be recognised as: one label, or any number of them."""

# Dimensions: V videos, K classes.

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# Targets are (V,) indices where every video has one label, (V, K) zeros and ones otherwise.


def recognition_loss(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """(V, K) logits -> (V,): cross entropy, or binary cross entropy summed over the classes.

    The sum, not the mean: a mean would weaken the gradient with every class that is added.
    """
    if targets.ndim == 1:
        return F.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    smoothed = targets * (1 - smoothing) + smoothing / 2
    losses = F.binary_cross_entropy_with_logits(logits, smoothed, reduction="none")
    return losses.sum(dim=1)


def is_correct(logits: Tensor, targets: Tensor) -> Tensor:
    """(V,) bool: whether the most likely label is the video's, or one of them."""
    best = logits.argmax(dim=1)
    return best == targets if targets.ndim == 1 else targets.gather(1, best[:, None])[:, 0] > 0.5


def correctness(logits: Tensor, targets: Tensor) -> Tensor:
    """(V,) in 0..1, with a gradient: probability of the label, or the mean of that of each."""
    if targets.ndim == 1:
        return logits.softmax(dim=1).gather(1, targets[:, None])[:, 0]
    counted = (logits.sigmoid() * targets).sum(dim=1)
    return counted / targets.sum(dim=1).clamp_min(1)


def multi_hot(rows: list[list[int]], num_classes: int) -> Tensor:
    """Lists of label indices -> (V, K) targets."""
    targets = torch.zeros(len(rows), num_classes)
    for row, indices in enumerate(rows):
        targets[row, indices] = 1.0
    return targets


def accuracy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> float:
    """By which models are chosen: top-1, or the mean average precision over the classes.

    `weights`: (V,) of sum 1, of the videos; for top-1 alone.
    """
    if targets.ndim == 1:
        right = is_correct(logits, targets).double()
        return (right.mean() if weights is None else (right * weights).sum()).item()
    # Here, because importing torchmetrics takes longer than importing torch.
    from training.run.metrics import mean_average_precision

    return mean_average_precision(logits, targets)
