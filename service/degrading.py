"""Levels of degradation: how full the queue is, and what share of the compute each one leaves."""

from __future__ import annotations

import dataclasses

from model.common.errors import AnswerWarning
from model.inference.classification import Classification

# Of the queue, at which each level begins, and of the compute of the model's own operating point.
_FILLED = (0.25, 0.5, 0.75)
_SHARES = (1.0, 0.75, 0.5, 0.25)


def level_of(waiting: float, limit: float) -> int:
    """0: none; 1 to 3. Of a queue by its number or by its seconds; one that may hold nothing shows
    no pressure."""
    return sum(waiting >= filled * limit for filled in _FILLED) if limit else 0


def share_of(level: int) -> float:
    return _SHARES[level]


def told(answer: Classification, level: int) -> Classification:
    """With a warning where it was made at a level above 0."""
    if not level:
        return answer
    detail = (
        f"the service is busy: at most {share_of(level):.0%} of the usual compute (level {level})"
    )
    warning = AnswerWarning("compute_degraded", detail)
    return dataclasses.replace(answer, warnings=(*answer.warnings, warning))
