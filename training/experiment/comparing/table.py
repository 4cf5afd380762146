"""The table of a comparison: each system at its chosen point, and beside the reference."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from training.evaluation.intervals import paired_difference
from training.experiment.comparing.comparison import Comparison
from training.experiment.comparing.curves import at_cost, chosen, frontier, lead_over, right_of
from training.experiment.comparing.measuring import Measured

# One seed's results by seed.
BySeed = Mapping[int, Mapping[str, Any]]


def as_dict(
    comparison: Comparison,
    measured: Mapping[str, Measured],
    groups: Mapping[str, Sequence[str] | None],
) -> dict[str, Any]:
    """`measured` by data set; every figure of every seed, from which means and spreads follow.

    `groups`: by data set, the source of each test clip; None: each is one of its own.
    """
    return {
        "title": comparison.title,
        "about": comparison.about,
        "seeds": list(comparison.seeds),
        "reference": comparison.reference,
        "comparisons": {
            data: [_row(row.name, comparison, rows, groups[data]) for row in comparison.rows]
            for data, rows in measured.items()
        },
    }


def _row(
    name: str, comparison: Comparison, rows: Measured, groups: Sequence[str] | None
) -> dict[str, Any]:
    reference, own = rows[comparison.reference], rows[name]
    dense = next(iter(reference.values()))["dense_gflops"]
    points = [chosen(own[seed]["points"], dense) for seed in comparison.seeds]
    against = [chosen(reference[seed]["points"], dense) for seed in comparison.seeds]
    first = next(iter(own.values()))
    is_reference = name == comparison.reference
    return {
        "name": name,
        "is_reference": is_reference,
        **{key: first[key] for key in ("system", "modalities", "is_causal")},
        "dial": [point["dial"] for point in points],
        **{key: [point["test"][key] for point in points] for key in ("accuracy", "gflops")},
        "segments": [point["test"]["segments"] for point in points],
        "found": [point["test"]["found"] for point in points],
        "selection": [point["test"]["selection"] for point in points],
        "difference": None if is_reference else _difference(points, against, groups),
        "difference_at_its_cost": None if is_reference else _at_its_cost(own, against, groups),
        "curves": [_curve(own[seed]["points"]) for seed in comparison.seeds],
    }


def _difference(
    points: Sequence[Any], against: Sequence[Any], groups: Sequence[str] | None
) -> dict[str, float]:
    """The chosen points of this row and of the reference."""
    rights = [right_of(point) for point in points], [right_of(point) for point in against]
    return paired_difference(*rights, groups)._asdict()


def _at_its_cost(
    own: BySeed, against: Sequence[Any], groups: Sequence[str] | None
) -> dict[str, float] | None:
    """This row at what the reference costs, seed by seed; None where it cannot be so cheap."""
    mixed = [
        at_cost(one["points"], point["test"]["gflops"])
        for one, point in zip(own.values(), against, strict=True)
    ]
    there = [one.right for one in mixed if one is not None]
    if len(there) < len(mixed):
        return None
    others = [right_of(point) for point in against]
    return paired_difference(there, others, groups)._asdict()


def _curve(points: Sequence[Any]) -> list[dict[str, Any]]:
    """The points on validation's frontier, on test."""
    return [
        {"dial": point["dial"], **{key: point["test"][key] for key in ("gflops", "accuracy")}}
        for point in frontier(points)
    ]


_HEAD = (
    "system",
    "modalities",
    "needs the future",
    "top-1",
    "GFLOPs",
    "segments computed",
    "informative among them",
    "against {reference}",
    "at its cost",
    "curve of {reference} above it by",
)


def comparison_table(results: Mapping[str, Any]) -> str:
    """Markdown of what `as_dict` gave, a table for each data set."""
    head = [cell.format(reference=results["reference"]) for cell in _HEAD]
    parts = []
    for data, rows in results["comparisons"].items():
        lines = [_line(head), _line(["---"] * len(head))]
        reference = next(row["curves"] for row in rows if row["is_reference"])
        lines += [_line([*_cells(row), _lead(reference, row)]) for row in rows]
        seeds = ", ".join(str(seed) for seed in results["seeds"])
        parts.append(f"**{data}**, seeds: {seeds}\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["name"],
        ", ".join(row["modalities"]),
        "no" if row["is_causal"] else "yes",
        _spread([100 * value for value in row["accuracy"]], 1) + " %",
        _spread(row["gflops"], 2),
        _spread(row["segments"], 1),
        _found(row["found"]),
        "" if row["is_reference"] else _interval(row["difference"]),
        "" if row["is_reference"] else _interval(row["difference_at_its_cost"]),
    ]


def _lead(reference: Sequence[Sequence[Mapping[str, float]]], row: Mapping[str, Any]) -> str:
    """In points, over GFLOPs."""
    found = None if row["is_reference"] else lead_over(reference, row["curves"])
    if found is None:
        return ""
    points = f"{100 * found.least:+.1f} to {100 * found.most:+.1f}"
    return f"{points} over {found.low:.2f} to {found.high:.2f}"


def _found(shares: Sequence[float | None]) -> str:
    known = [100 * share for share in shares if share is not None]
    return _spread(known, 0) + " %" if known else ""


def _interval(difference: Mapping[str, float] | None) -> str:
    if difference is None:
        return "not so cheap"
    mean, low, high = (100 * difference[key] for key in ("mean", "low", "high"))
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _spread(values: Sequence[float], digits: int) -> str:
    mean = f"{statistics.fmean(values):.{digits}f}"
    # One seed has no spread, and nothing should look as if it were none.
    return f"{mean} +- {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
