"""adamml evaluate: accuracy and compute of a model on a manifest's split."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer


def evaluate(
    manifest: Annotated[Path, typer.Argument(help="CSV with path, label and split.")],
    model: Annotated[
        Path | None, typer.Option(help="Bundle or checkpoint; the bundled model otherwise.")
    ] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Which split.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Adaptive, dense and single-modality accuracy, selection rates and GFLOPs, as served."""
    import json

    from model.loading import BUNDLED_MODEL, load_runtime
    from training.manifest import read_manifest
    from training.report import Report, evaluate_runtime

    logging.basicConfig(level=logging.WARNING)
    samples = read_manifest(manifest).split(split)
    report: Report = evaluate_runtime(load_runtime(model or BUNDLED_MODEL), samples)
    typer.echo(json.dumps(report.as_dict()) if as_json else report.as_table())
