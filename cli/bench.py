"""adamml bench: measurements of the running system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.results import Measured

bench = typer.Typer(help="Measure the running system.", no_args_is_help=True)


@bench.command("networks")
def bench_networks() -> None:
    """Networks of the paper's size: ours against eager torch, adaptive against dense."""
    from benchmarks.networks import measure

    _report("networks", measure())


@bench.command("request")
def bench_request() -> None:
    """Whole requests at the paper's size: adaptive against all modalities."""
    from benchmarks.whole_requests import measure

    _report("request", measure())


@bench.command("decode")
def bench_decode() -> None:
    """A video's inputs against decoding all of it, a long one's against a short one's."""
    from benchmarks.decoding import measure

    _report("decode", measure())


@bench.command("views")
def bench_views(
    videos: Annotated[
        list[Path] | None, typer.Argument(help="Files; one is made otherwise.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="After a first that is not counted.")] = 5,
) -> None:
    """What training decodes of a video, in one pass against a pass for every view."""
    from benchmarks.training_views import measure

    _report("views", measure(videos or [], rounds=rounds))


@bench.command("service")
def bench_service() -> None:
    """The service against the bare classifier, with one client and with four."""
    from benchmarks.traffic.serving import measure

    _report("service", measure())


@bench.command("startup")
def bench_startup() -> None:
    """Seconds to ready, and memory over 300 requests."""
    from benchmarks.startup import measure

    _report("startup", measure())


@bench.command("strangers")
def bench_strangers(
    rounds: Annotated[int, typer.Option(min=1, help="Of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="Of requests with and without.")] = 15.0,
) -> None:
    """What the sandbox costs, and good clients beside 200 that drip their uploads."""
    from benchmarks.traffic.strangers import measure

    _report("strangers", measure(rounds=rounds, seconds=seconds))


@bench.command("leaving")
def bench_leaving(
    rounds: Annotated[int, typer.Option(min=1, help="Of each stage.")] = 5,
    paper: Annotated[bool, typer.Option(help="A model of the paper's size as well.")] = True,
) -> None:
    """How long after a client has left its place, file and processes are free, by stage."""
    from benchmarks.traffic.leaving import measure

    _report("leaving", measure(rounds=rounds, with_paper=paper))


@bench.command("batch")
def bench_batch(
    videos: Annotated[
        list[Path] | None, typer.Argument(help="Files; clips are made otherwise.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="After a first that is not counted.")] = 5,
    memory_rows: Annotated[
        int, typer.Option(min=0, help="Rows over which memory is watched; 0: it is not.")
    ] = 5000,
) -> None:
    """adamml batch against processes of Classifier by hand, and its memory."""
    from benchmarks.batches import measure

    _report("batch", measure(videos or [], rounds=rounds, memory_rows=memory_rows))


@bench.command("capacity")
def bench_capacity(
    videos: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; clips are made otherwise.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=5, help="Of requests to real replicas, six times.")
    ] = 30.0,
    videos_per_hour: Annotated[
        list[float] | None, typer.Option(help="A load, for which replicas are counted.")
    ] = None,
) -> None:
    """What a core does in an hour, how many replicas a load wants; needs HAProxy."""
    from benchmarks.capacity.measuring import measure

    loads = videos_per_hour or [1e4, 1e5, 1e6]
    _report("capacity", measure(videos or [], seconds=seconds, videos_per_hour=loads))


def _report(name: str, rows: list[Measured]) -> None:
    """Into benchmarks/, and to the terminal."""
    from benchmarks.results import as_table, write

    typer.echo(as_table(write(name, rows)))


@bench.command("serve")
def bench_serve(
    videos: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; clips are made otherwise.")
    ] = None,
    url: Annotated[str, typer.Option(help="Of the service.")] = "http://127.0.0.1:8000",
    clients: Annotated[int, typer.Option(min=1, max=1000, help="Posting at once.")] = 4,
    requests: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    seconds: Annotated[float | None, typer.Option(help="No request begins later.")] = None,
    bad_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of files that must be refused.")
    ] = 0.1,
    query: Annotated[str, typer.Option(help="Of every request, such as budget=0.3.")] = "",
    seed: Annotated[int, typer.Option(help="Of the choice of files.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Post videos to a service; exit status 1 when an answer was not what it should be."""
    import json
    import tempfile
    import time

    from benchmarks.traffic.bodies import make_bad, make_videos, read_videos
    from benchmarks.traffic.load import Load
    from benchmarks.traffic.load_summary import as_table, summarize

    with tempfile.TemporaryDirectory() as folder:
        good = read_videos(videos) if videos else make_videos(Path(folder))
    load = Load(url, good, bad=make_bad(good[0]))
    start = time.monotonic()
    outcomes = load.run(
        clients=clients,
        requests=requests,
        seconds=seconds,
        bad_share=bad_share,
        query=query,
        seed=seed,
    )
    summary = summarize(outcomes, time.monotonic() - start)
    typer.echo(json.dumps(summary) if as_json else as_table(summary))
    if summary["unexpected"]:
        raise typer.Exit(1)
