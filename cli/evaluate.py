"""adamml evaluate: accuracy and compute of a model on a manifest's split."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer


def evaluate(
    manifest: Annotated[
        Path, typer.Argument(help="Manifest, .csv or .jsonl, or a folder with one for each class.")
    ],
    model: Annotated[
        Path | None, typer.Option(help="Bundle or checkpoint; the bundled model otherwise.")
    ] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Which split.")] = "test",
    frontier: Annotated[
        bool,
        typer.Option(
            "--frontier",
            help="Instead of one point, the model's curve beside every static choice of modalities"
            " and number of segments.",
        ),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="With --frontier: draw it, as .svg or .png.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Adaptive, random, dense and single-modality accuracy, selection rates and GFLOPs."""
    import json

    from model.loading import BUNDLED_MODEL, load_runtime
    from training.frontier import Frontier, measure_frontier
    from training.manifest import read_manifest
    from training.report import Report, evaluate_runtime

    if plot and (not frontier or plot.suffix not in (".svg", ".png")):
        raise typer.BadParameter("needs --frontier, and a name that ends in .svg or .png")
    logging.basicConfig(level=logging.WARNING)
    samples = read_manifest(manifest, for_training=False).split(split)
    if not samples:
        raise ValueError(f"{manifest}: no video is in {split}")
    runtime = load_runtime(model or BUNDLED_MODEL)
    measure = measure_frontier if frontier else evaluate_runtime
    report: Report | Frontier = measure(runtime, samples)
    typer.echo(json.dumps(report.as_dict()) if as_json else report.as_table())
    if plot and isinstance(report, Frontier):
        from training.frontier_plot import plot_frontier

        plot_frontier(report, plot, title=f"{runtime.spec.name}, {split}, {len(samples)} videos")
