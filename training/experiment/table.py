"""The table of a suite: mean and spread over the seeds, as JSON and as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from training.evaluate import Score
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


def as_table(results: Mapping[str, Any]) -> str:
    """Markdown of what `as_dict` gave: means, and after +- the standard deviation."""
    rows = results["rows"]
    names = list(dict.fromkeys(name for row in rows for name in row["selection"]))
    reference = next((row for row in rows if row["is_reference"]), None)
    priced = any(row["validation_price"] for row in rows)
    head = ["", "top-1", *(f"{name} kept" for name in names), "GFLOPs"]
    head += ["saved", "accuracy against it"] if reference else []
    head += ["validation price"] if priced else []
    lines = [_line(head), _line("---" for _ in head)]
    for row in rows:
        cells = [row["name"], _share(row["accuracy"])]
        cells += [_share(row["selection"].get(name)) for name in names]
        cells.append(_spread(row["gflops"], 2))
        if reference:
            cells += _against(row, reference)
        if priced:
            cells.append(_spread(row["validation_price"], 3) if row["validation_price"] else "")
        lines.append(_line(cells))
    return "\n".join(lines)


def _against(row: Mapping[str, Any], reference: Mapping[str, Any]) -> list[str]:
    """Seed by seed: what a run saves is compared with the reference of its own seed."""
    if row is reference:
        return ["", ""]
    pairs = list(zip(row["gflops"], reference["gflops"], strict=True))
    gained = [a - b for a, b in zip(row["accuracy"], reference["accuracy"], strict=True)]
    mean = 100 * statistics.fmean(gained)
    saved = [1 - own / whole for own, whole in pairs]
    return [_share(saved), f"{mean:+.1f} +- {100 * _deviation(gained):.1f}"]


def _share(values: list[float] | None) -> str:
    return "" if values is None else _spread([100 * value for value in values], 1) + " %"


def _spread(values: list[float], digits: int) -> str:
    return f"{statistics.fmean(values):.{digits}f} +- {_deviation(values):.{digits}f}"


def _deviation(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
