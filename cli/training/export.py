"""adamml export: a training checkpoint to the serving bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint made by train or convert.")],
    bundle: Annotated[Path, typer.Argument(help="Bundle to write; replaced when it exists.")],
) -> None:
    """Write the bundle that serves without torch: the spec and an ONNX graph for each network."""
    from model.files.checkpoint import load_model
    from model.files.export import export_bundle

    export_bundle(load_model(checkpoint), bundle)
    typer.echo(f"{bundle}: {bundle.stat().st_size / 1e6:.1f} MB")
