"""The table of a suite: mean and spread over the seeds, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.evaluation.evaluate import Score
from training.experiment.running import Scores
from training.experiment.suite import Row, Suite


def as_dict(
    suite: Suite, scores: Scores, prices: Mapping[str, Mapping[int, float]]
) -> dict[str, Any]:
    """Every score of every seed, by row; means and spreads follow from these.

    `prices`: by row and seed, see `validation_prices`; rows without a policy have none.
    """
    return {
        "title": suite.title,
        "about": suite.about,
        "seeds": list(suite.seeds),
        "rows": [_row(row, scores[row.name], prices.get(row.name, {})) for row in suite.rows],
    }


def _row(row: Row, scores: Mapping[int, Score], prices: Mapping[int, float]) -> dict[str, Any]:
    ordered = list(scores.values())
    return {
        "name": row.name,
        "is_reference": row.is_reference,
        "accuracy": [score.accuracy for score in ordered],
        "gflops": [score.gflops for score in ordered],
        "selection": {
            name: [score.selection[name] for score in ordered] for name in ordered[0].selection
        },
        "validation_price": list(prices.values()),
    }
