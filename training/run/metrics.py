"""What a data set is judged by: top-1, top-5, and mean average precision."""

# Dimensions: V videos, K classes.

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_average_precision, multiclass_accuracy

# Logits are (V, K). Targets are (V,) indices where every video has one label, (V, K) zeros and
# ones otherwise.


def top_k_accuracy(logits: Tensor, targets: Tensor, k: int) -> float:
    """Share of videos for which one of the `k` likeliest labels is right."""
    num_classes = logits.shape[1]
    k = min(k, num_classes)
    if targets.ndim == 1:
        score = multiclass_accuracy(
            logits, targets, num_classes=num_classes, top_k=k, average="micro"
        )
        return float(score)
    likeliest = logits.topk(k, dim=1).indices
    return float((targets.gather(1, likeliest) > 0).any(dim=1).double().mean())


def mean_average_precision(logits: Tensor, targets: Tensor) -> float:
    """Mean over classes of the mean precision at each video that is of the class.

    Videos are ranked by softmax where each has one label, as in the paper's evaluation, and by
    sigmoid otherwise. A class without any video is left out, whereas the published evaluation
    counts it as 0. NaN when no video has a label.
    """
    one_label = targets.ndim == 1
    # In double precision, so that confident logits do not round to equal probabilities.
    scores = logits.double().softmax(dim=1) if one_label else logits.double().sigmoid()
    truth = torch.nn.functional.one_hot(targets, logits.shape[1]) if one_label else targets.long()
    present = torch.nonzero(truth.sum(dim=0))[:, 0].tolist()
    if not present:
        return float("nan")
    # One by one: the library's function for several labels refuses a single class.
    each = [binary_average_precision(scores[:, k], truth[:, k]) for k in present]
    return float(torch.stack(each).double().mean())
