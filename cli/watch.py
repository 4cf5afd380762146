"""adamml watch: a live source, a line a segment."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.timelines import clock

if TYPE_CHECKING:
    from model.inference.streaming.watching import Watched


def watch(
    source: Annotated[
        str,
        typer.Argument(
            help="A growing file, - for standard input, /dev/video0, or an address: rtsp://,"
            " rtmp://, http://, HLS, udp://."
        ),
    ],
    model: Annotated[
        Path | None, typer.Option(help="Bundle or checkpoint; the bundled model otherwise.")
    ] = None,
    every_seconds: Annotated[float, typer.Option(help="A segment each so many seconds.")] = 1.0,
    budget: Annotated[
        float | None, typer.Option(help="Share of a dense segment's cost, 0 to 1.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="A modality is kept where p(keep) exceeds this.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON a segment.")] = False,
    metrics_port: Annotated[
        int | None, typer.Option(help="Export Prometheus metrics on this port.")
    ] = None,
) -> None:
    """Label a live source until it is interrupted; of standard input until it ends.

    A machine that cannot keep up skips segments and says so. A source that ends is opened again
    after growing waits. The source is yours to choose: it is opened wherever it is.
    """
    from model.inference.classification import ClassifyOptions
    from model.inference.loading import load_classifier
    from service.observability.watch_metrics import WatchMetrics

    classifier = load_classifier(model)
    classifier.warm_up()
    metrics = WatchMetrics(classifier.spec)
    if metrics_port is not None:
        metrics.serve(metrics_port)
    wanted = [True]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: wanted.clear())

    def on_wait(why: str, seconds: float) -> None:
        metrics.reconnects.inc()
        typer.echo(f"adamml watch: {why}; opened again in {seconds:g} s", err=True)

    options = ClassifyOptions(every_seconds=every_seconds, budget=budget, threshold=threshold)
    stream = classifier.watch(source, options, on_wait=on_wait, is_wanted=lambda: bool(wanted))
    for watched in stream:
        metrics.observe(watched)
        _tell(watched, as_json=as_json)


def _tell(watched: Watched, *, as_json: bool) -> None:
    if watched.skipped and not as_json:
        typer.echo(f"adamml watch: {watched.skipped} segments skipped to keep up", err=True)
    typer.echo(_json(watched) if as_json else _line(watched))


def _line(watched: Watched) -> str:
    result = watched.recognized.result
    selected = [n for n, d in result.modalities.items() if d.decision == "selected"]
    best = result.predictions[0] if result.predictions else None
    label = f"{best.score:6.1%}  {best.label}" if best else f"     -  {result.reason}"
    spent = f"{'+'.join(selected) or 'policy':<16}  {result.macs / 1e9:6.3f} GFLOPs"
    return f"{clock(watched.seconds)}  {spent}  {watched.behind_seconds:5.2f} s behind  {label}"


def _json(watched: Watched) -> str:
    from service.routes.responses import SegmentOut

    segment = json.loads(SegmentOut.of(watched.recognized.result).model_dump_json())
    times = {
        "seconds": round(watched.seconds, 3),
        "unix_seconds": round(time.time(), 3),
        "behind_seconds": round(watched.behind_seconds, 3),
        "skipped": watched.skipped,
        "connection": watched.connection,
    }
    return json.dumps({**times, **segment})
