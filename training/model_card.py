"""The measured tables of the bundled model, written into the documents that state them.

After `adamml evaluate MANIFEST --frontier --json > experiments/results/av13_test.json`:
python -m training.model_card
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.bundle import file_version, read_spec
from model.loading import BUNDLED_MODEL

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments" / "results" / "av13_test.json"
DOCUMENTS = (ROOT / "README.md", BUNDLED_MODEL.parent / "README.md")
_MARKED = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.S)


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
        "evaluation": _evaluation(measured["served"]["rows"]),
        "curve": _curve(measured["adaptive"]),
        "static": _static(measured),
    }


def fill(text: str, contents: Mapping[str, str]) -> str:
    """`text` with every marked place filled anew; places of other names stay as they are."""

    def filled(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        return f"{begin}{contents[name]}\n{end}" if name in contents else match.group(0)

    return _MARKED.sub(filled, text)


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


def _evaluation(rows: Mapping[str, Any]) -> str:
    names = list(rows["adaptive"]["selection"])
    lines = [
        f"| modalities | top-1 | GFLOPs a video | {' | '.join(f'{n} selected' for n in names)} |",
        f"|---|---|---|{'---|' * len(names)}",
    ]
    for row, score in rows.items():
        rates = " | ".join(f"{score['selection'][name]:.0%}" for name in names)
        lines.append(f"| {row} | {score['accuracy']:.1%} | {score['gflops']:.2f} | {rates} |")
    return "\n".join(lines)


def _curve(adaptive: list[dict[str, Any]]) -> str:
    lines = [
        "| segments | threshold | promised GFLOPs | measured | promised top-1 | measured |",
        "|---|---|---|---|---|---|",
    ]
    for one in adaptive:
        promised, measured = one["promised"], one["measured"]
        segments = promised.get("segments") or read_spec(BUNDLED_MODEL).eval_segments
        lines.append(
            f"| {segments} | {promised['threshold']:.3f} | {promised['gflops']:.2f}"
            f" | {measured['gflops']:.2f} | {promised['accuracy']:.1%}"
            f" | {measured['accuracy']:.1%} |"
        )
    return "\n".join(lines)


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
