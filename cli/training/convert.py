"""adamml convert: a checkpoint of the published implementation becomes one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The authors' .pth.tar file.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="The checkpoint to write; it names the model.")
    ],
    labels: Annotated[
        Path, typer.Option(help="Class names in the order of training, one a line, UTF-8.")
    ],
) -> None:
    """Convert a checkpoint of IBM/AdaMML.

    Only tensors and plain values are read from INPUT; a file that needs more is refused.
    """
    from model.files.convert import convert_checkpoint

    spec = convert_checkpoint(source, target, labels=read_labels(labels))
    modalities = ", ".join(spec.modality_names)
    typer.echo(f"{target}: {len(spec.labels)} classes; {modalities}")


def read_labels(path: Path) -> list[str]:
    """The lines of `path`, stripped; empty ones do not count."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]
