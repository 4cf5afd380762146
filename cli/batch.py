"""adamml batch: an archive of videos in, rows out."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer


def batch(
    source: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="Folder, glob, list or manifest; local or s3:// ..."),
    ],
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="Folder of the parts.")],
    model: Annotated[
        Path | None, typer.Option(help="Bundle or checkpoint; the bundled model otherwise.")
    ] = None,
    format_name: Annotated[
        Literal["jsonl", "parquet"], typer.Option("--format", help="Of the parts.")
    ] = "jsonl",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of one core each; all cores otherwise.")
    ] = None,
    shard: Annotated[
        str, typer.Option(help="i/n: of n shares the i-th, by a hash of the path.")
    ] = "1/1",
    ray: Annotated[
        str | None,
        typer.Option(help="On the Ray cluster at this address; local: one of this machine."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON document.")
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
    every_seconds: Annotated[
        float | None, typer.Option(help="A segment each so many seconds, for a timeline.")
    ] = None,
    window_seconds: Annotated[
        float | None, typer.Option(help="With --every-seconds: what is judged together.")
    ] = None,
    min_score: Annotated[float, typer.Option(help="Below it the timeline names no label.")] = 0.0,
    threshold: Annotated[
        float | None, typer.Option(help="A modality is kept where p(keep) exceeds this.")
    ] = None,
    precision: Annotated[
        Literal["f32", "bf16"],
        typer.Option(help="What networks compute in; bf16 is faster on processors that have it."),
    ] = "f32",
    top_k: Annotated[int, typer.Option(help="Labels to name.")] = 5,
    max_video_seconds: Annotated[
        float, typer.Option(min=0.001, help="Longer videos are rows with a problem.")
    ] = 7200.0,
    max_frame_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="Larger frames, width times height, too; 9437184 otherwise."),
    ] = None,
) -> None:
    """Classify an archive, one row a video; started again, it goes on where it was."""
    import logging

    from tqdm.contrib.logging import logging_redirect_tqdm

    from batch.inputs import Shard
    from batch.job import Job
    from batch.run import Batch, run_batch
    from batch.worker import JobError
    from model.inference.classification import ClassifyOptions
    from model.inputs.ffmpeg.decode_limits import DecodeLimits

    names = None if modalities is None else [name.strip() for name in modalities.split(",")]
    options = ClassifyOptions(
        policy=policy,
        modalities=None if names is None else frozenset(cast("Any", names)),
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
    job = Job(model=model, options=options, limits=limits, precision=precision)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        with _stopped_in_order(), logging_redirect_tqdm():
            summary = run_batch(
                Batch(
                    source,
                    output,
                    job,
                    format_name,
                    Shard.parse(shard),
                    workers,
                    ray,
                )
            )
    except JobError as error:
        typer.echo(f"adamml: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(summary) if as_json else _text(summary))


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """What is done is written before a container that is told to stop ends."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _text(summary: dict[str, Any]) -> str:
    """A few lines; the rest is in the JSON document."""
    lines = [
        f"{summary['videos']} videos in {summary['seconds']:.1f} s, {summary['videos_before']}"
        f" were done before: {summary['answered']} answered,"
        f" {summary['videos'] - summary['answered']} with a problem",
        f"{summary['videos_per_second']:.3g} videos/s,"
        f" {summary['video_hours_per_hour']:.3g} hours of video an hour",
        f"{summary['gflops']:.4g} of {summary['gflops_dense']:.4g} GFLOPs"
        f" ({summary['gflops_saved_ratio']:.0%} saved)",
    ]
    lines += [f"  {count:6}  {code}" for code, count in summary["problems"].items()]
    if summary["paths_repeated"]:
        lines.append(f"{summary['paths_repeated']} paths came again, and were classified once")
    if summary["workers_replaced"]:
        lines.append(f"{summary['workers_replaced']} processes died and were replaced")
    return "\n".join(lines)
