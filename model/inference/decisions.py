"""From the policy's probabilities to what is computed: threshold, availability, budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.common.errors import BudgetTooSmallError
from model.runtime.base import Array
from model.spec.model_spec import ModelSpec

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choices:
    """(S, M) what is computed, what could be, and p(keep); None when no policy ran.

    `exit_logits` (S, K) when the policy ran and has an exit head.
    """

    selected: BoolArray
    available: BoolArray
    probabilities: FloatArray | None
    exit_logits: NDArray[np.float32] | None = None

    @property
    def ran_policy(self) -> bool:
        return self.probabilities is not None

    @property
    def has_evidence(self) -> bool:
        """Whether anything was computed from which a label can follow."""
        return self.exit_logits is not None or bool(self.selected.any())


def keep_probabilities(
    policy_logits: NDArray[np.float32], returns: float = 1.0
) -> NDArray[np.float64]:
    """(..., S, M, 2) raw outputs, index 1 = keep -> (..., S, M) probabilities, sigmoid(z1 - z0).

    `returns`: what a second look at a modality is worth, of a first. Of its segments the most
    probable counts as it is, the next one so much less, the third by the square, and so on; ties go
    to the earlier segment.
    """
    difference = policy_logits[..., 1].astype(np.float64) - policy_logits[..., 0]
    # Written with tanh so that large differences neither overflow nor warn.
    probabilities = np.asarray(0.5 * (1.0 + np.tanh(0.5 * difference)))
    if returns == 1.0:
        return probabilities
    order = np.argsort(-probabilities, axis=-2, kind="stable")
    ranks = np.argsort(order, axis=-2, kind="stable")
    return np.asarray(probabilities * returns**ranks)


@dataclass(frozen=True, slots=True)
class Budget:
    """Multiply-adds: the ceiling for the whole answer, and what is spent before any decision."""

    ceiling: int
    spent: int

    @classmethod
    def of(cls, max_gflops: float, *, spent: int) -> Budget:
        """The most multiply-adds whose count in 1e9 does not exceed `max_gflops`."""
        ceiling = round(max_gflops * 1e9)
        return cls(ceiling if ceiling / 1e9 <= max_gflops else ceiling - 1, spent)

    @property
    def left(self) -> int:
        return self.ceiling - self.spent

    def require(self, needed: int, what: str) -> None:
        """Raise BudgetTooSmallError unless `needed` in all fits under the ceiling."""
        if self.ceiling < needed:
            raise BudgetTooSmallError(
                f"max_gflops is {self.ceiling / 1e9:g}; {what} alone takes {needed / 1e9:g}"
            )


def choose(
    probabilities: FloatArray,
    candidates: BoolArray,
    *,
    threshold: float,
    macs: Sequence[int],
    budget: Budget | None = None,
    needs_one: bool = True,
) -> BoolArray:
    """(S, M) probabilities and candidates (allowed and available) -> (S, M) selection.

    A candidate is kept when its probability exceeds `threshold`. When none does and `needs_one`,
    the single most probable one is kept, so that every video gets a label from evidence; an exit
    head is evidence enough. A budget then admits the
    kept ones in order of probability per multiply-add (`macs`, one per modality) until the next
    one no longer fits.
    """
    kept = candidates & (probabilities > threshold)
    if not kept.any() and not needs_one:
        return kept
    if budget is None:
        return kept if kept.any() else _most_probable(probabilities, candidates)
    if not kept.any():
        affordable = np.asarray(macs) <= budget.left
        return _most_probable(probabilities, candidates & affordable)
    return _within(probabilities, kept, macs, budget.left)


def _most_probable(probabilities: FloatArray, candidates: BoolArray) -> BoolArray:
    chosen = np.zeros_like(candidates)
    if candidates.any():
        chosen.flat[int(np.argmax(np.where(candidates, probabilities, -1.0)))] = True
    return chosen


def _within(
    probabilities: FloatArray, kept: BoolArray, macs: Sequence[int], left: int
) -> BoolArray:
    chosen = np.zeros_like(kept)
    # A stable sort: ties go to the earlier segment, then to the earlier modality.
    worth = probabilities / np.asarray(macs, dtype=np.float64)
    order = np.argsort(-worth, axis=None, kind="stable")
    for position in order:
        segment, modality = np.unravel_index(position, kept.shape)
        if not kept[segment, modality]:
            continue
        left -= macs[int(modality)]
        if left < 0:
            break
        chosen[segment, modality] = True
    return chosen


def fusion_inputs(spec: ModelSpec, choices: Choices) -> tuple[Array, BoolArray]:
    """(S, F, K) logits and (S, F) flags of what counts; F is `spec.num_fused`.

    The modalities' rows are zeros that wait for their networks. An exit head's row, the last,
    counts in every segment where the policy ran.
    """
    segments = len(choices.selected)
    logits: Array = np.zeros((segments, spec.num_fused, len(spec.labels)), dtype=np.float32)
    kept = np.zeros(logits.shape[:2], dtype=np.bool_)
    kept[:, : len(spec.modalities)] = choices.selected
    if choices.exit_logits is not None:
        logits[:, -1], kept[:, -1] = choices.exit_logits, True
    return logits, kept
