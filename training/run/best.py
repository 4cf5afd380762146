"""The best weights so far, judged on validation; or the mean of several."""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any

import torch
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


class Mean:
    """The mean of the weights at several moments (stochastic weight averaging, arXiv:1803.05407).

    Of entries that are floats; statistics of batch norm must be none of them.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._added: list[dict[str, Tensor]] = []

    def add(self) -> None:
        """The weights as they are now."""
        # On the CPU, where a resumed run finds them too.
        now = self.weights.state_dict()
        self._added.append({name: value.detach().cpu().clone() for name, value in now.items()})

    def apply(self) -> None:
        """Put the mean into the module; nothing where nothing was added."""
        if self._added:
            values = {name: [one[name] for one in self._added] for name in self._added[0]}
            means = {name: torch.stack(some).mean(dim=0) for name, some in values.items()}
            self.weights.load_state_dict(means)

    def state_dict(self) -> dict[str, Any]:
        return {"added": self._added}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._added = state["added"]
