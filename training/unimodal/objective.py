"""A recognition network alone: its examples, and the loss of each video."""

# Dimensions: V videos (or views of them), S segments, K classes.

from __future__ import annotations

from torch import Tensor, nn

from model.networks.fusion import log_sum_exp
from model.networks.recognizer import Recognizer
from training.configuration.recipe import UnimodalConfig
from training.data.targets import recognition_loss


class UnimodalObjective(nn.Module):
    """Inputs to one loss a video; a module, so that several processes can share the gradient."""

    def __init__(self, recognizer: Recognizer, config: UnimodalConfig) -> None:
        super().__init__()
        self.recognizer = recognizer
        self.config = config

    def forward(self, inputs: Tensor, available: Tensor, targets: Tensor) -> Tensor:
        logits = video_logits(self.recognizer, inputs, available, self.config)
        return recognition_loss(logits.float(), targets, smoothing=self.config.label_smoothing)


def video_logits(
    recognizer: Recognizer, inputs: Tensor, available: Tensor, config: UnimodalConfig
) -> Tensor:
    """(V, S, ...) inputs, (V, S) availability -> (V, K), pooled over available segments."""
    rows = inputs[available]
    if rows.is_floating_point():
        rows = rows.float()
    if config.pools_once:
        logits = recognizer.classify(rows)
    elif config.frozen_stages is None:
        logits = recognizer(rows)
    else:
        features = recognizer.trunk.forward_from(rows.flatten(0, 1), config.frozen_stages)
        logits = recognizer.classify(features)
    spread = logits.new_zeros(*available.shape, logits.shape[-1])
    spread[available] = logits
    if config.pools == "log_sum_exp":
        kept = available.to(spread.dtype).unsqueeze(-1)
        return log_sum_exp(spread.unsqueeze(-2), kept, axes=(-3, -2))
    mean: Tensor = spread.sum(dim=1) / available.sum(dim=1, keepdim=True)
    return mean
