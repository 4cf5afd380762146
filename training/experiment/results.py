"""The folder of results: a JSON file for each table, and the page that shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from model.files.atomic_file import write_atomically
from training.evaluation.generated_sections import fill
from training.experiment.comparing.figure import draw_all
from training.experiment.comparing.table import comparison_table
from training.experiment.markdown import (
    costs_table,
    few_table,
    promises_table,
    rows_table,
    truths_table,
)

FOLDER = Path(__file__).parents[2] / "experiments" / "results"
PAGE = "README.md"
# By what only such results have.
_TABLES = {
    "rows": rows_table,
    "costs": costs_table,
    "verdicts": truths_table,
    "few_videos": few_table,
    "comparisons": comparison_table,
}


def write_results(folder: Path, name: str, measured: Mapping[str, Any]) -> None:
    """`measured` as `folder`/`name`.json, and its table in the page where that has a place."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(measured, indent=1) + "\n"
    write_atomically(folder / f"{name}.json", partial(_write, text))
    if "comparisons" in measured:
        draw_all(folder)
    page = folder / PAGE
    if page.exists():
        page.write_text(fill(page.read_text(), page_contents(folder)))


def page_contents(folder: Path) -> dict[str, str]:
    """Markdown by the name of its place in the page."""
    documents = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    return {name: section(one) for name, one in documents.items() if "title" in one}


def section(measured: Mapping[str, Any]) -> str:
    write_table = next(_TABLES[key] for key in _TABLES if key in measured)
    parts = [f"### {measured['title']}", measured["about"], write_table(measured)]
    parts.append(promises_table(measured))
    return "\n\n".join(part for part in parts if part)


def _write(text: str, path: Path) -> None:
    path.write_text(text)
