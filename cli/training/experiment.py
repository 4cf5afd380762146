"""adamml experiment: the training runs behind one table, and the table."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def experiment(
    name: Annotated[
        str, typer.Argument(help="TOML file, or the name of one in experiments/tables, or all.")
    ],
    results: Annotated[
        Path, typer.Option(help="Folder of the results, of which README.md is filled in.")
    ] = EXPERIMENTS / "results",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Train all runs of a table with all their seeds, going on where it was stopped; tabulate."""
    import json

    from tqdm.contrib.logging import logging_redirect_tqdm

    from training.experiment.results import section, write_results
    from training.experiment.suite import find_suites
    from training.experiment.tabulating import measure_table

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    for path in find_suites(name, EXPERIMENTS / "tables"):
        with logging_redirect_tqdm():
            measured = measure_table(path)
        write_results(results, path.stem, measured)
        typer.echo(json.dumps(measured) if as_json else section(measured))
