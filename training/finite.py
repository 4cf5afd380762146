"""Stopping on a loss that is not a number, before it reaches the weights."""

from __future__ import annotations

from torch import Tensor

from training.run_log import Where


def require_finite(loss: Tensor, where: Where) -> None:
    """Raises FloatingPointError naming the stage, the epoch and the step."""
    if not loss.isfinite():
        raise FloatingPointError(f"the loss is {loss.item()} in {where}; lower the learning rate")
