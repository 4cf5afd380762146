"""adamml train: one training run, described by a TOML file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path, typer.Argument(help="TOML file, see experiments/.")],
) -> None:
    """Train a model; finished stages of an interrupted run are not repeated."""
    from training.config import read_config
    from training.train import train as run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    typer.echo(run(read_config(config)))
