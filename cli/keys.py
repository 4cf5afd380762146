"""adamml keys: the keys of clients, in the file that ADAMML_API_KEYS_FILE names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

keys = typer.Typer(help="Keys of the service's clients.", no_args_is_help=True)

_File = Annotated[
    Path, typer.Option("--file", envvar="ADAMML_API_KEYS_FILE", help="One key a line, hashed.")
]
_Name = Annotated[str, typer.Argument(help="In lower case; it appears in log and metrics.")]


@keys.command("add")
def add(
    name: _Name,
    file: _File,
    requests_per_minute: Annotated[float | None, typer.Option(help="At most.")] = None,
    gflops_per_minute: Annotated[float | None, typer.Option(help="At most, on average.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests at once.")] = None,
) -> None:
    """Make a key and print it, once; the file gets its hash and its limits."""
    from service.keys.key_file import add_key, new_key

    key, entry = new_key(
        name,
        requests_per_minute=requests_per_minute,
        gflops_per_minute=gflops_per_minute,
        concurrency=concurrency,
    )
    add_key(file, entry)
    typer.echo(f"{name} may send it as Authorization: Bearer KEY; it is not shown again", err=True)
    typer.echo(key)


@keys.command("list")
def list_names(file: _File) -> None:
    """The names, with the limits of each."""
    from service.keys.key_file import read_keys

    for entry in read_keys(file):
        limits = entry.model_dump(exclude={"name", "id", "hash"}, exclude_none=True)
        typer.echo(" ".join((entry.name, *(f"{name}={value:g}" for name, value in limits.items()))))


@keys.command("remove")
def remove(name: _Name, file: _File) -> None:
    """From then on the key is refused; a service notices within a second."""
    from service.keys.key_file import remove_key

    remove_key(file, name)
