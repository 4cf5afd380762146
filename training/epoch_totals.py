"""What an epoch's batches add up to, over all processes."""

from __future__ import annotations

from typing import NamedTuple

import torch

from training.distributed import Ranks
from training.joint_objective import Outcome


class Means(NamedTuple):
    loss: float
    accuracy: float
    selection: list[float]  # by modality, of all segments


class EpochTotals:
    """Sums over the videos of this process."""

    def __init__(self, num_modalities: int) -> None:
        self._sums = torch.zeros(3 + num_modalities, dtype=torch.float64)

    def add(self, outcome: Outcome, *, counts: bool = True) -> None:
        """A batch; `counts` is false for one that only fills a process's turn."""
        if not counts:
            return
        used = outcome.decisions.mean(dim=1).sum(dim=0)
        head = (len(outcome.losses), outcome.losses.sum().item(), outcome.correct.sum().item())
        self._sums += torch.tensor([*head, *used.tolist()], dtype=torch.float64)

    def means(self, ranks: Ranks) -> Means:
        """Every process takes part, and gets the same."""
        count, loss, correct, *used = ranks.sum(self._sums.clone()).tolist()
        return Means(loss / count, correct / count, [share / count for share in used])
