"""adamml bench: measurements of the running system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

bench = typer.Typer(help="Measure the running system.", no_args_is_help=True)


@bench.callback()
def _commands() -> None:
    """Keeps `serve` a subcommand while it is the only one."""


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

    from benchmarks.bodies import make_bad, make_videos, read_videos
    from benchmarks.load import Load
    from benchmarks.load_summary import as_table, summarize

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
