"""Rounding weights to what half precision holds, so that the bundle can store them so."""

from __future__ import annotations

import torch
from torch import nn

_ROUNDED = (nn.Conv2d, nn.Linear, nn.LSTMCell)


@torch.no_grad()
def round_weights(model: nn.Module) -> None:
    """Round convolutions, linear layers and LSTMs, in place; everything stays float32.

    Done before the model is measured, so the figures are those of the rounded weights.
    """
    for module in model.modules():
        if isinstance(module, _ROUNDED):
            for parameter in module.parameters(recurse=False):
                parameter.copy_(parameter.half().float())
