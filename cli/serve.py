"""adamml serve: answer over HTTP until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    model: Annotated[Path | None, typer.Option(help="Bundle or checkpoint to serve.")] = None,
) -> None:
    """Serve the model over HTTP; ADAMML_* variables hold the other settings."""
    from service.process.tuning import quick_imports

    with quick_imports():
        from service.process.entry import serve as run
        from service.settings import SettingsError, read_settings

    try:
        settings = read_settings(host=host, port=port, model=model)
    except SettingsError as error:
        typer.echo(f"adamml serve: {error}", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(run(settings))
