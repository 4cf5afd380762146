"""adamml evaluate: accuracy and compute of a model on a manifest's split."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from model.inference.classifier import Classifier
    from training.data.sources.sample import Split
    from training.evaluation.frontier import Frontier
    from training.evaluation.report import Report
    from training.synth.evaluation import SelectionReport


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
    figures: Annotated[
        Path | None,
        typer.Option(
            help="The same as --frontier, and pictures into this folder: confusion matrix,"
            " selection by class, reliability diagram, accuracy over GFLOPs."
        ),
    ] = None,
    truth: Annotated[
        bool,
        typer.Option(
            "--truth",
            help="Instead, of a folder that adamml synth wrote: how often the model selects the"
            " modalities that carry the label, and drops the others.",
        ),
    ] = False,
    precision: Annotated[
        Literal["f32", "bf16"],
        typer.Option(help="What networks compute in; bf16 is faster on processors that have it."),
    ] = "f32",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Adaptive, random, dense and single-modality accuracy, selection rates and GFLOPs."""
    from model.inference.loading import load_classifier, load_runtime
    from training.data.sources.manifest import read_manifest
    from training.evaluation.frontier import Frontier, measure_frontier
    from training.evaluation.report import evaluate_runtime

    if plot and (not frontier or plot.suffix not in (".svg", ".png")):
        raise typer.BadParameter("needs --frontier, and a name that ends in .svg or .png")
    if truth and (frontier or figures):
        raise typer.BadParameter("--truth excludes --frontier and --figures")
    logging.basicConfig(level=logging.WARNING)
    if truth:
        _evaluate_selections(manifest, load_classifier(model, precision=precision), split, as_json)
        return
    samples = read_manifest(manifest, for_training=False).split(split)
    if not samples:
        raise ValueError(f"{manifest}: no video is in {split}")
    runtime = load_runtime(model, precision=precision)
    title = f"{runtime.spec.name}, {split}, {len(samples)} videos"
    report: Report | Frontier
    if figures is not None:
        from training.evaluation.figures.evaluation_figures import draw_evaluation

        report = draw_evaluation(runtime, samples, figures, title=title)
    else:
        report = (measure_frontier if frontier else evaluate_runtime)(runtime, samples)
    _print(report, as_json=as_json)
    if plot and isinstance(report, Frontier):
        from training.evaluation.frontier_plot import plot_frontier

        plot_frontier(report, plot, title=title)


def _evaluate_selections(folder: Path, classifier: Classifier, split: Split, as_json: bool) -> None:
    from model.common.cores import num_cores
    from training.synth.evaluation import evaluate_selections

    _print(evaluate_selections(classifier, folder, split, workers=num_cores()), as_json=as_json)


def _print(report: Report | Frontier | SelectionReport, *, as_json: bool) -> None:
    import json

    typer.echo(json.dumps(report.as_dict()) if as_json else report.as_table())
