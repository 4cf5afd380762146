"""The measured tables of the bundled model, written into the documents that state them.

After `adamml evaluate MANIFEST --frontier --json > experiments/results/av13_test.json`:
python -m training.evaluation.model_card
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.files.bundle import file_version, read_spec
from model.inference.loading import BUNDLED_MODEL
from model.inference.operating_points import choose_point, promise
from training.evaluation.frontier import within
from training.evaluation.generated_sections import fill

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "experiments" / "results" / "av13_test.json"
BUDGETS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
DOCUMENTS = (ROOT / "docs" / "results.md", BUNDLED_MODEL.parent / "README.md")


def tables(results: Path = RESULTS) -> dict[str, str]:
    """Markdown by the name of its place in the documents.

    Raises:
        ValueError: the results are of another file than the bundled model.
    """
    measured = json.loads(results.read_text())
    version = file_version(BUNDLED_MODEL)
    if measured["served"]["model"]["version"] != version:
        raise ValueError(f"results are of {measured['served']['model']}; the bundle is {version}")
    return {
        "identity": _identity(version),
        "evaluation": _evaluation(measured["served"]),
        "curve": _curve(measured),
        "static": _static(measured),
    }


def _identity(version: str) -> str:
    costs = read_spec(BUNDLED_MODEL).require_costs()
    dense = sum(one.total for one in costs.recognition.values())
    parts = ", ".join(f"{name} {one.total / 1e6:.0f} M" for name, one in costs.recognition.items())
    share = costs.policy.total / dense
    return (
        f"Version `{version}`, {BUNDLED_MODEL.stat().st_size / 1e6:.1f} MB. Multiply-adds a"
        f" segment: {parts}, policy {costs.policy.total / 1e6:.0f} M ({share:.1%} of the dense"
        " three)."
    )


def _evaluation(served: Mapping[str, Any]) -> str:
    rows = served["rows"]
    names = list(rows["adaptive"]["selection"])
    lines = [
        f"| modalities | segments | top-1 | GFLOPs a video | {' | '.join(names)} |",
        f"|---|---|---|---|{'---|' * len(names)}",
    ]
    for row, score in rows.items():
        fixed = set(row.split("+")) <= set(names)
        segments = served["eval_segments" if fixed else "served_segments"]
        rates = " | ".join(f"{score['selection'][name]:.0%}" for name in names)
        lines.append(
            f"| {row} | {segments} | {score['accuracy']:.1%} | {score['gflops']:.2f} | {rates} |"
        )
    return "\n".join(lines)


def _curve(measured: Mapping[str, Any]) -> str:
    """What a request with each budget gets, beside the best static choice at that cost."""
    spec = read_spec(BUNDLED_MODEL)
    found = {json.dumps(one["promised"]): one["measured"] for one in measured["adaptive"]}
    lines = [
        "| budget | segments | promised GFLOPs | measured | promised top-1 | measured | within"
        " | best static choice at that cost, segments | its top-1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for budget in BUDGETS:
        point = choose_point(spec, budget=budget, max_gflops=None)
        score = found[json.dumps(point.model_dump())]
        static = _best_static(measured["static"], score["gflops"])
        lines.append(
            f"| {budget:g} | {point.segments or spec.eval_segments} | {point.gflops:.2f}"
            f" | {score['gflops']:.2f} ({score['gflops'] / point.gflops - 1:+.0%})"
            f" | {promise(point)} | {score['accuracy']:.1%} | {within(point, score['accuracy'])}"
            f" | {static} |"
        )
    return "\n".join(lines)


def _best_static(static: Sequence[Mapping[str, Any]], gflops: float) -> str:
    affordable = [one for one in static if one["score"]["gflops"] <= gflops]
    if not affordable:
        return "none | "
    best = max(affordable, key=lambda one: one["score"]["accuracy"])
    name = f"{'+'.join(best['modalities'])} of {best['segments']}"
    return f"{name} | {best['score']['accuracy']:.1%}"


def _static(measured: Mapping[str, Any]) -> str:
    """The choices that no other static one beats."""
    lines = ["| always | segments | top-1 | GFLOPs a video |", "|---|---|---|---|"]
    best = -1.0
    for one in sorted(measured["static"], key=lambda one: one["score"]["gflops"]):
        score = one["score"]
        if score["accuracy"] > best:
            best = score["accuracy"]
            name = "+".join(one["modalities"])
            lines.append(f"| {name} | {one['segments']} | {best:.1%} | {score['gflops']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    contents = tables()
    for document in DOCUMENTS:
        document.write_text(fill(document.read_text(), contents))


if __name__ == "__main__":
    main()
