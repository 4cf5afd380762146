"""adamml classify: videos in, labels out, without a server."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cli.timelines import as_csv as csv_of
from cli.timelines import as_srt as srt_of
from cli.timelines import as_table

if TYPE_CHECKING:
    from model.inference.classification import Classification
    from model.inference.classifier import Classifier
    from model.spec.model_spec import Modality

# A week: whoever waits can stop it.
MAX_SECONDS = 7 * 24 * 3600.0


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
    every_seconds: Annotated[
        float | None, typer.Option(help="A segment each so many seconds, over the whole video.")
    ] = None,
    window_seconds: Annotated[
        float | None, typer.Option(help="With it: judge in windows of at most this length.")
    ] = None,
    min_score: Annotated[
        float, typer.Option(help="The timeline names no label that scores less.")
    ] = 0.0,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Which label when, as a table.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The timeline as CSV.")] = False,
    as_srt: Annotated[bool, typer.Option("--srt", help="The timeline as subtitles.")] = False,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the segments and what was chosen: .png, .svg or .pdf; one video."),
    ] = None,
    precision: Annotated[
        Literal["f32", "bf16"],
        typer.Option(help="What networks compute in; bf16 is faster on processors that have it."),
    ] = "f32",
    top_k: Annotated[int, typer.Option(help="Labels to name.")] = 5,
    max_video_seconds: Annotated[
        float | None, typer.Option(min=0.001, help="Longer videos are refused; 21600 otherwise.")
    ] = None,
    max_frame_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="Larger frames, width times height, are; 9437184 otherwise."),
    ] = None,
) -> None:
    """Classify videos; exit status 1 when any of them failed, the others are still answered.

    With --every-seconds over the whole of them, in memory that does not grow with their length.
    """
    from model.common.deadline import Deadline
    from model.common.errors import VideoError
    from model.inference.classification import ClassifyOptions
    from model.inference.loading import load_classifier
    from model.inputs.ffmpeg.decode_limits import DecodeLimits

    formats = {"json": as_json, "timeline": timeline, "csv": as_csv, "srt": as_srt}
    chosen = [name for name, is_asked in formats.items() if is_asked]
    if len(chosen) > 1:
        raise typer.BadParameter(f"--{' and --'.join(chosen)} are both given; allowed is one")
    _check_figure(figure, videos)
    names = None if modalities is None else [name.strip() for name in modalities.split(",")]
    options = ClassifyOptions(
        policy=policy,
        modalities=None if names is None else frozenset(cast("list[Modality]", names)),
        max_gflops=max_gflops,
        segments=segments,
        threshold=threshold,
        budget=budget,
        top_k=top_k,
        every_seconds=every_seconds,
        window_seconds=window_seconds,
        min_score=min_score,
    )
    limits = DecodeLimits.with_ceilings(max_video_seconds, max_frame_pixels)
    classifier = load_classifier(model, precision=precision, limits=limits)
    failed = False
    show = _formatter(classifier, chosen[0] if chosen else "text")
    for video in videos:
        try:
            result = classifier.classify(video, options, deadline=Deadline(MAX_SECONDS))
        except (VideoError, OSError, UnicodeError) as error:
            failed = True
            code = getattr(error, "code", "unreadable")
            typer.echo(f"adamml: {_shown(video)}: {code}: {error}", err=True)
            continue
        typer.echo(show(video, result))
        if figure is not None:
            _draw(video, result, figure)
    if failed:
        raise typer.Exit(1)


def _check_figure(figure: Path | None, videos: list[Path]) -> None:
    """Before anything is computed."""
    if figure is None:
        return
    if len(videos) > 1 or figure.suffix not in (".png", ".svg", ".pdf"):
        raise typer.BadParameter("--figure needs one video, and a name in .png, .svg or .pdf")
    import matplotlib as matplotlib


def _draw(video: Path, result: Classification, path: Path) -> None:
    """Of a long video evenly spaced segments."""
    from dataclasses import replace

    from cli.pictures.segment_strip import draw_strip, evenly
    from cli.pictures.thumbnails import thumbnails

    segments = tuple(result.segments[index] for index in evenly(len(result.segments)))
    best = result.predictions[0]
    title = f"{_shown(video.name)}: {best.label}, {best.score:.0%}"
    pictures = thumbnails(video, result.video, segments)
    draw_strip(replace(result, segments=segments), pictures, path, title=title)


def _formatter(classifier: Classifier, name: str) -> Callable[[Path, Classification], str]:
    """How a video's answer is printed; CSV has its header once."""
    headers = iter([True])
    formats: dict[str, Callable[[Path, Classification], str]] = {
        "text": _text,
        "json": lambda video, result: _json(classifier, result),
        "timeline": lambda video, result: f"{_shown(video)}:\n{as_table(result.timeline)}",
        "csv": lambda video, result: csv_of(
            _shown(video), result.timeline, header=next(headers, False)
        ),
        "srt": lambda video, result: srt_of(result.timeline),
    }
    return formats[name]


def _shown(video: Path | str) -> str:
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
