"""The table of a suite: mean and spread over the seeds, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.evaluation.intervals import FloatArray, paired_difference
from training.experiment.running import Promises, Scored, Scores
from training.experiment.suite import Row, Suite


def as_dict(
    suite: Suite,
    scores: Scores,
    prices: Mapping[str, Mapping[int, float]],
    promises: Promises,
) -> dict[str, Any]:
    """Every score of every seed, by row; means and spreads follow from these.

    `prices`: by row and seed, see `validation_prices`; rows without a policy have none.
    `promises`: see `run_suite`.
    """
    kept = [
        {"run": run, "seeds": [[one.as_dict() for one in points] for points in by_seed.values()]}
        for run, by_seed in promises.items()
    ]
    return {
        "title": suite.title,
        "about": suite.about,
        "seeds": list(suite.seeds),
        "rows": [
            {
                **_row(row, scores[row.name], prices.get(row.name, {})),
                **_against(suite, scores, row),
            }
            for row in suite.rows
        ],
        **({"promises": kept} if kept else {}),
    }


def _row(row: Row, scored: Mapping[int, Scored], prices: Mapping[int, float]) -> dict[str, Any]:
    ordered = [one.score for one in scored.values()]
    return {
        "name": row.name,
        "is_reference": row.is_reference,
        "accuracy": [score.accuracy for score in ordered],
        "gflops": [score.gflops for score in ordered],
        "selection": {
            name: [score.selection[name] for score in ordered] for name in ordered[0].selection
        },
        "validation_price": list(prices.values()),
        **_agreement(scored),
    }


def _agreement(scored: Mapping[int, Scored]) -> dict[str, Any]:
    """By modality and seed, where the truth is known."""
    verdicts = [one.agreement for one in scored.values() if one.agreement is not None]
    if not verdicts:
        return {}
    figures = ("balanced_accuracy", "recall", "specificity", "information", "entropy")
    found = {
        name: {figure: [getattr(one[name], figure) for one in verdicts] for figure in figures}
        for name in verdicts[0]
    }
    return {"agreement": found}


def _against(suite: Suite, scores: Scores, row: Row) -> dict[str, Any]:
    """By row that takes everything: the paired difference to it, with its interval."""
    others = [one for one in suite.rows if one.decisions == "all" and one is not row]
    ours = _hits(scores[row.name])
    if row.decisions != "policy" or not suite.compares or not others:
        return {}
    groups = next(iter(scores[row.name].values())).score.groups
    found = {
        one.name: list(paired_difference(ours, _hits(scores[one.name]), groups)) for one in others
    }
    return {"differences": found}


def _hits(scored: Mapping[int, Scored]) -> list[FloatArray]:
    return [np.array(one.score.hits) for one in scored.values()]
