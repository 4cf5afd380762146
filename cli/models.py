"""adamml models: which models there are, and what each promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from cli.spec_argument import resolve_spec
from model.inference.operating_points import dense_gflops, promise, served_point
from model.spec.model_spec import ModelSpec

SUFFIXES = (".adamml", ".safetensors")


class Listed(NamedTuple):
    """A file, and its spec, or what is wrong with it."""

    path: Path
    megabytes: float
    version: str
    found: ModelSpec | str


def models(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to look into; absent: the bundled models.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List the bundled models, or a folder's: classes, size, compute and promised accuracy."""
    found = [_listed(path) for path in model_files(folder)]
    if as_json:
        typer.echo(json.dumps([_as_dict(one) for one in found], indent=2))
        return
    for one in found:
        typer.echo("  ".join(_words(one)))


def model_files(folder: Path | None) -> list[Path]:
    """Bundles and checkpoints below `folder`, by path; None: where the bundled model lies.

    Raises:
        NotADirectoryError: it is no folder.
        ValueError: there is none below it.
    """
    from model.inference.loading import BUNDLED_MODEL

    place = folder or BUNDLED_MODEL.parent
    if not place.is_dir():
        raise NotADirectoryError(f"{place} is {'not a folder' if place.exists() else 'not there'}")
    named = (path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES)
    files = sorted(path for path in named if path.is_file())
    if not files:
        raise ValueError(f"{place} has no model; they end in {' or '.join(SUFFIXES)}")
    return files


def _listed(path: Path) -> Listed:
    """A file that is no model is told of, and hides no other."""
    from model.files.bundle import file_version

    try:
        size, version = path.stat().st_size, file_version(path)
    except OSError as error:
        return Listed(path, 0.0, "", f"cannot be read: {error.strerror}")
    found: ModelSpec | str
    try:
        found = resolve_spec(str(path))
    except (ValueError, OSError) as error:
        found = str(error).removeprefix(f"{path}: ")
    return Listed(path, round(size / 1e6, 1), version, found)


def _as_dict(one: Listed) -> dict[str, object]:
    about = {"path": str(one.path), "version": one.version, "megabytes": one.megabytes}
    if isinstance(one.found, str):
        return {**about, "error": one.found}
    served = served_point(one.found)
    return {
        **about,
        "name": one.found.name,
        "labels": list(one.found.labels),
        "modalities": list(one.found.modality_names),
        "dense_gflops": _dense(one.found),
        "served": served.model_dump(exclude_none=True) if served else None,
    }


def _words(one: Listed) -> Iterator[str]:
    yield f"{one.path}  {one.version}  {one.megabytes} MB"
    if isinstance(one.found, str):
        yield one.found
        return
    yield f"{one.found.name}: {len(one.found.labels)} classes"
    yield "+".join(one.found.modality_names)
    dense, served = _dense(one.found), served_point(one.found)
    if dense is not None:
        yield f"everything {dense:.2f} GFLOPs a video"
    if served is not None:
        yield f"served {served.gflops:.2f}, promised {promise(served)}"


def _dense(spec: ModelSpec) -> float | None:
    """A spec that came without its costs is counted by adamml flops, which needs torch."""
    return dense_gflops(spec) if spec.costs else None
