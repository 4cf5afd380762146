"""Places: local paths, and addresses such as s3://bucket/clip.mp4 that fsspec opens."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

_LOCAL_SCHEME = "file://"


def is_remote(place: str) -> bool:
    return "://" in place and not place.startswith(_LOCAL_SCHEME)


def local_path(place: str) -> Path:
    """Of a place that is not remote."""
    return Path(place.removeprefix(_LOCAL_SCHEME))


def suffix_of(place: str) -> str:
    """In small letters; of an address, without its query."""
    name = place.split("?")[0] if is_remote(place) else place
    return PurePosixPath(name).suffix.lower()


def join(parent: str, name: str) -> str:
    """`name` where it is relative, below `parent`."""
    if is_remote(name) or name.startswith(_LOCAL_SCHEME):
        return name
    if is_remote(parent):
        return f"{parent.rstrip('/')}/{name}"
    return str(local_path(parent) / name)


def parent_of(place: str) -> str:
    return place.rsplit("/", 1)[0] if is_remote(place) else str(local_path(place).parent)


def filesystem(place: str) -> tuple[Any, str]:
    """fsspec's file system of an address, and what it calls the place.

    Raises:
        ModuleNotFoundError: fsspec, or what it needs for this kind of address, is not installed.
        ValueError: there is no such kind of address.
    """
    import fsspec

    try:
        opened: tuple[Any, str] = fsspec.core.url_to_fs(place)
    except ImportError as error:  # fsspec's words name the package; our hint names the extra.
        raise ModuleNotFoundError(str(error)) from error
    return opened


def read_bytes(place: str) -> bytes:
    """All of a small file. Raises OSError, whatever the library of the place calls it."""
    if not is_remote(place):
        return local_path(place).read_bytes()
    files, path = filesystem(place)
    with _as_oserror(place):
        content: bytes = files.cat_file(path)
    return content


def fetch(place: str, folder: Path | None) -> Path:
    """Copies a remote file into `folder`, for the caller to remove. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=folder, suffix=suffix_of(place)[:10])
    os.close(descriptor)
    try:
        with _as_oserror(place):
            files, path = filesystem(place)
            files.get_file(path, name)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


@contextmanager
def _as_oserror(place: str) -> Iterator[None]:
    """Each kind of address has a library with errors of its own, of no common base."""
    try:
        yield
    except (OSError, ImportError):
        raise
    except Exception as error:
        raise OSError(f"{place} cannot be read: {type(error).__name__}: {error}") from error
