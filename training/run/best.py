"""The best weights so far, judged on validation."""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any

from torch import Tensor, nn


class Weights:
    """The entries of a module's state that training can change, saved and restored by name."""

    def __init__(self, module: nn.Module, names: Container[str] | None = None) -> None:
        """`names` of entries; None: all of them."""
        self.module = module
        self.names = names

    def state_dict(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.module.state_dict()
        return {n: tensor for n, tensor in state.items() if self.names is None or n in self.names}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.module.load_state_dict(state, strict=self.names is None)


class Best:
    """Keeps a copy of the weights whenever the score, compared as a tuple, is not lower."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.score: tuple[float, ...] | None = None
        self._kept: dict[str, Tensor] = {}

    def consider(self, *score: float) -> bool:
        """Keep the weights as they are now unless some before were better; whether.

        Of equal ones the later: validation sets are small, and longer training makes decisions
        surer even where it changes none of them.
        """
        if self.score is not None and score < self.score:
            return False
        self.score, self._kept = score, copy.deepcopy(self.weights.state_dict())
        return True

    def apply(self) -> tuple[float, ...]:
        """Put the best weights back into the module; their score."""
        if self.score is None:
            raise ValueError("no weights were considered yet")
        self.weights.load_state_dict(self._kept)
        return self.score

    def state_dict(self) -> dict[str, Any]:
        return {"score": self.score, "weights": self._kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.score = None if state["score"] is None else tuple(state["score"])
        self._kept = state["weights"]
