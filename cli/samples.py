"""adamml samples: three clips of our own making, to try everything with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def samples(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Folder to write them to.")
    ] = Path("samples"),
) -> None:
    """Make three clips: cuts and sounds, stillness and motion, an upright one without sound."""
    from service.samples.clips import SAMPLES, make_sample

    for sample in SAMPLES:
        path = make_sample(sample, folder)
        typer.echo(f"{path}  {sample.seconds:g} s  {sample.description}")
