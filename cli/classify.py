"""adamml classify: videos in, labels out, without a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from model.inference.classification import Classification
    from model.inference.classifier import Classifier
    from model.spec.model_spec import Modality


def classify(
    videos: Annotated[list[Path], typer.Argument(help="Video files.")],
    model: Annotated[
        Path | None, typer.Option(help="Bundle or checkpoint; the bundled model otherwise.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The HTTP answer, one line a video.")
    ] = False,
    policy: Annotated[
        Literal["adaptive", "all"], typer.Option(help="all runs every modality, and no policy.")
    ] = "adaptive",
    modalities: Annotated[
        str | None, typer.Option(help="Comma-separated modalities that may be used.")
    ] = None,
    max_gflops: Annotated[
        float | None, typer.Option(help="Ceiling for a video, in 1e9 multiply-adds.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Share of the dense cost for the mean video, 0 to 1.")
    ] = None,
    segments: Annotated[int | None, typer.Option(help="Segments of a video, 1 to 64.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="A modality is kept where p(keep) exceeds this.")
    ] = None,
    precision: Annotated[
        Literal["f32", "bf16"],
        typer.Option(help="What networks compute in; bf16 is faster on processors that have it."),
    ] = "f32",
    top_k: Annotated[int, typer.Option(help="Labels to name.")] = 5,
) -> None:
    """Classify videos; exit status 1 when any of them failed, the others are still answered."""
    from model.common.errors import VideoError
    from model.inference.classification import ClassifyOptions
    from model.inference.loading import load_classifier

    names = None if modalities is None else [name.strip() for name in modalities.split(",")]
    options = ClassifyOptions(
        policy=policy,
        modalities=None if names is None else frozenset(cast("list[Modality]", names)),
        max_gflops=max_gflops,
        segments=segments,
        threshold=threshold,
        budget=budget,
        top_k=top_k,
    )
    classifier = load_classifier(model, precision=precision)
    failed = False
    for video in videos:
        try:
            result = classifier.classify(video, options)
        except (VideoError, OSError, UnicodeError) as error:
            failed = True
            code = getattr(error, "code", "unreadable")
            typer.echo(f"adamml: {_shown(video)}: {code}: {error}", err=True)
            continue
        typer.echo(_json(classifier, result) if as_json else _text(video, result))
    if failed:
        raise typer.Exit(1)


def _shown(video: Path) -> str:
    """A name that is not UTF-8 can be printed, too."""
    return os.fsencode(video).decode("utf-8", "backslashreplace")


def _json(classifier: Classifier, result: Classification) -> str:
    """The document that the service answers with."""
    from service.observability.request_id import new_ulid
    from service.routes.responses import ClassifyAnswer, ModelOut

    model = ModelOut(name=classifier.spec.name, version=classifier.version)
    answer = ClassifyAnswer.of(result, request_id=new_ulid(), model=model)
    return answer.model_dump_json()


def _text(video: Path, result: Classification) -> str:
    """Labels, then one line a segment: which modalities were computed there."""
    compute = result.compute
    lines = [
        f"{_shown(video)}: {result.predictions[0].label}",
        *(f"  {prediction.score:6.1%}  {prediction.label}" for prediction in result.predictions),
        f"  {compute.macs / 1e9:.3f} of {compute.macs_dense / 1e9:.3f} GFLOPs"
        f" ({compute.saved_ratio:.0%} saved), {compute.seconds_by_stage['total']:.2f} s",
    ]
    for segment in result.segments:
        chosen = "  ".join(
            f"{name} {decision.decision}" for name, decision in segment.modalities.items()
        )
        span = f"{segment.start_seconds:8.2f} - {segment.end_seconds:7.2f} s"
        lines.append(f"  {span}  {chosen}")
    lines += [f"  warning: {warning.code}: {warning.detail}" for warning in result.warnings]
    return "\n".join(lines)
