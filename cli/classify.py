"""adamml classify: videos in, labels out, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from model.classification import Classification


def classify(
    videos: Annotated[list[Path], typer.Argument(help="Video files.")],
    model: Annotated[
        Path | None, typer.Option(help="Bundle or checkpoint; the bundled model otherwise.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document a line and video.")
    ] = False,
    policy: Annotated[str, typer.Option(help="adaptive, or all for every modality.")] = "adaptive",
    modalities: Annotated[
        str | None, typer.Option(help="Comma-separated modalities that may be used.")
    ] = None,
    max_gflops: Annotated[
        float | None, typer.Option(help="Ceiling of 1e9 multiply-adds a video.")
    ] = None,
    segments: Annotated[int | None, typer.Option(help="Segments a video, 1 to 64.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Keep a modality when p(keep) exceeds this.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Labels to show.")] = 5,
) -> None:
    """Classify videos with the adaptive policy; exit status 1 when any of them failed."""
    from model.errors import VideoError
    from model.loading import load_classifier
    from service.parameters import parse_options

    options = parse_options(
        policy=policy,
        modalities=modalities,
        max_gflops=max_gflops,
        segments=segments,
        threshold=threshold,
        top_k=top_k,
    )
    classifier = load_classifier(model)
    failed = False
    for video in videos:
        try:
            result = classifier.classify(video, options)
        except (VideoError, OSError) as error:
            failed = True
            typer.echo(f"adamml: {video}: {_reason(error)}", err=True)
            continue
        typer.echo(_as_json(classifier.version, result) if as_json else _as_text(video, result))
    raise typer.Exit(1 if failed else 0)
