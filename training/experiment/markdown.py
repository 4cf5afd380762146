"""Measured tables in Markdown: suites, costs, decisions where the truth is known."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

SEGMENTS = 10
# Of promised GFLOPs, what they may be off by.
_NEAR = 0.05
_PROMISES_HEAD = (
    "curve of",
    "points within their intervals, by seed",
    "below",
    "above",
    "GFLOPs within 5 %",
    "most off",
)
_COSTS_HEAD = ("networks", "RGB", "audio", "policy", "ten segments, all taken", "published")
_FEW_HEAD = (
    "classes",
    "validation clips",
    "other clips",
    "GFLOPs, of dense",
    "adaptive",
    "random",
    "dense",
    "against dense",
    "promised",
    "points within",
)
_TRUTHS_HEAD = (
    "model",
    "top-1",
    "modality",
    "selected where informative",
    "dropped elsewhere",
    "mean",
)


def rows_table(results: Mapping[str, Any]) -> str:
    """Markdown of what `as_dict` gave: means, and after +- the standard deviation."""
    rows = results["rows"]
    names = list(dict.fromkeys(name for row in rows for name in row["selection"]))
    reference = next((row for row in rows if row["is_reference"]), None)
    priced = any(row["validation_price"] for row in rows)
    head = ["", "top-1", *(f"{name} kept" for name in names), "GFLOPs"]
    compared = list(dict.fromkeys(n for row in rows for n in row.get("differences", {})))
    judged = list(dict.fromkeys(n for row in rows for n in row.get("agreement", {})))
    if reference:
        head += ["saved", *(f"against {name}" for name in compared or ["it"])]
        head[-1] = head[-1] if compared else "accuracy against it"
    head += [f"{name}: balanced, bits of" for name in judged]
    head += ["validation price"] if priced else []
    lines = [_line(head), _line("---" for _ in head)]
    for row in rows:
        cells = [row["name"], _share(row["accuracy"])]
        cells += [_share(row["selection"].get(name)) for name in names]
        cells.append(_spread(row["gflops"], 2))
        if reference:
            cells += _compared(row, reference, compared) if compared else _against(row, reference)
        cells += [_judged(row.get("agreement", {}).get(name)) for name in judged]
        if priced:
            cells.append(_spread(row["validation_price"], 3) if row["validation_price"] else "")
        lines.append(_line(cells))
    return "\n".join(lines)


def promises_table(results: Mapping[str, Any]) -> str:
    """Of every run's curve, seed by seed, how many points were measured as promised; empty where
    that was not asked."""
    if not results.get("promises"):
        return ""
    lines = [_line(_PROMISES_HEAD), _line("---" for _ in _PROMISES_HEAD)]
    return "\n".join(lines + [_line(_promised(run)) for run in results["promises"]])


def _promised(run: Mapping[str, Any]) -> list[str]:
    points = [point for seed in run["seeds"] for point in seed]
    by_seed = [f"{count_of(seed, 'yes')} of {len(seed)}" for seed in run["seeds"]]
    counts = [str(count_of(points, verdict)) for verdict in ("below", "above")]
    furthest = max((_off(point) for point in points), key=abs, default=0.0)
    costs = [f"{count_near(points)} of {len(points)}", f"{100 * furthest:+.1f} %"]
    return [run["run"], ", ".join(by_seed), *counts, *costs]


def count_of(points: Iterable[Mapping[str, Any]], verdict: str) -> int:
    """Of what `Measured.as_dict` gave: how many were measured "below", "above" or, "yes", within
    their promise."""
    return sum(point["within"] == verdict for point in points)


def count_near(points: Iterable[Mapping[str, Any]]) -> int:
    """How many took within 5 % of the GFLOPs that they promised."""
    return sum(abs(_off(point)) <= _NEAR for point in points)


def _off(point: Mapping[str, Any]) -> float:
    return float(point["gflops"] / point["promised"]["gflops"] - 1)


def _against(row: Mapping[str, Any], reference: Mapping[str, Any]) -> list[str]:
    """Seed by seed: what a run saves is compared with the reference of its own seed."""
    if row is reference:
        return ["", ""]
    pairs = list(zip(row["gflops"], reference["gflops"], strict=True))
    gained = [a - b for a, b in zip(row["accuracy"], reference["accuracy"], strict=True)]
    mean = 100 * statistics.fmean(gained)
    saved = [1 - own / whole for own, whole in pairs]
    return [_share(saved), f"{mean:+.1f} +- {100 * _deviation(gained):.1f}"]


def _compared(
    row: Mapping[str, Any], reference: Mapping[str, Any], names: Iterable[str]
) -> list[str]:
    """What is saved, and the paired differences in points with their intervals."""
    found = row.get("differences", {})
    cells = (found.get(name) for name in names)
    told = [
        "" if one is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * v for v in one))
        for one in cells
    ]
    return [_against(row, reference)[0], *told]


def _judged(agreement: Mapping[str, list[float]] | None) -> str:
    """Balanced accuracy, and the bits told of the truth given the class, of those there are."""
    if agreement is None:
        return ""
    told, there = (statistics.fmean(agreement[name]) for name in ("information", "entropy"))
    return f"{_spread(agreement['balanced_accuracy'], 2)}, {told:.2f} of {there:.2f}"


def _share(values: list[float] | None) -> str:
    return "" if values is None else _spread([100 * value for value in values], 1) + " %"


def _spread(values: list[float], digits: int) -> str:
    return f"{statistics.fmean(values):.{digits}f} +- {_deviation(values):.{digits}f}"


def _deviation(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def costs_table(measured: Mapping[str, Any]) -> str:
    """Markdown of what `costs.measure` gave."""
    lines = [_COSTS_HEAD, tuple("---" for _ in _COSTS_HEAD)]
    for row in measured["costs"]:
        parts = [row[name] for name in ("rgb", "audio", "policy")]
        most = SEGMENTS * sum(parts)
        cells = [row["networks"], *(f"{part:.3f}" for part in parts), f"{most:.2f}"]
        stated = f"{row['published']:.2f} ({row['published'] / most:.0%})"
        lines.append((*cells, stated))
    return "\n".join(_line(line) for line in lines)


def truths_table(measured: Mapping[str, Any]) -> str:
    """Markdown of what `truths.measure` gave: a row for each model and modality."""
    lines = [_TRUTHS_HEAD, tuple("---" for _ in _TRUTHS_HEAD)]
    for model, verdict in measured["verdicts"].items():
        lines += [
            (model, _percent(verdict["accuracy"]), modality, *_cells(agreement))
            for modality, agreement in verdict["agreement"].items()
        ]
    return "\n".join(_line(line) for line in lines)


def _cells(agreement: Mapping[str, float | None]) -> tuple[str, ...]:
    names = ("recall", "specificity", "balanced_accuracy")
    return tuple(_percent(agreement[name]) for name in names)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def few_table(measured: Mapping[str, Any]) -> str:
    """Markdown of what `few_videos.summary` gave: a row for each draw."""
    rows = [_line(_drawn(row)) for row in measured["few_videos"]]
    return "\n".join([_line(_FEW_HEAD), _line("---" for _ in _FEW_HEAD), *rows])


def _drawn(row: Mapping[str, Any]) -> list[str]:
    accuracy, promise = row["rows"], row["promise"]
    against = row["differences"].get(row["dense"])
    ends = (against["mean"], against["low"], against["high"]) if against else None
    low, high = promise["accuracy_low"], promise["accuracy_high"]
    return [
        ", ".join(row["labels"]),
        str(row["validation_videos"]),
        str(row["others"]),
        f"{row['gflops']:.2f} of {row['gflops_dense']:.2f}",
        *(_percent(accuracy.get(name)) for name in ("adaptive", "random at these rates")),
        _percent(accuracy[row["dense"]]),
        "" if ends is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * v for v in ends)),
        f"{_percent(promise['accuracy'])} ({100 * low:.0f} to {100 * high:.0f})",
        f"{count_of(row['curve'], 'yes')} of {len(row['curve'])}",
    ]
