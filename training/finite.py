"""Stopping on a loss that is not a number, before it reaches the weights."""

from __future__ import annotations

from torch import Tensor


def require_finite(loss: Tensor, name: str) -> None:
    """Raises FloatingPointError naming the loss."""
    if not loss.isfinite():
        raise FloatingPointError(f"{name} is {loss.item()}; lower the learning rate")
