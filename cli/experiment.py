"""adamml experiment: the training runs behind one table, and the table."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

EXPERIMENTS = Path(__file__).parents[1] / "experiments"


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

    from training.experiment.markdown import rows_table
    from training.experiment.results import write_results
    from training.experiment.running import run_suite
    from training.experiment.suite import find_suites, read_suite
    from training.experiment.table import as_dict
    from training.experiment.validation import validation_prices

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    for path in find_suites(name, EXPERIMENTS / "tables"):
        suite = read_suite(path)
        with logging_redirect_tqdm():
            scores = run_suite(suite)
            measured = as_dict(suite, scores, validation_prices(suite))
        write_results(results, path.stem, measured)
        typer.echo(json.dumps(measured) if as_json else f"{suite.title}\n\n{rows_table(measured)}")
