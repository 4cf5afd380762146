"""OutputFolder: where files are whole or absent, on this machine or in an object store."""

from __future__ import annotations

import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch.places import filesystem, is_remote, local_path
from model.files.atomic_file import write_atomically


class OutputFolder(ABC):
    @abstractmethod
    def names(self) -> list[str]: ...

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """When it returns, not even a power cut takes the file back."""

    @contextmanager
    def alone(self, prefix: str) -> Iterator[None]:
        """While no other process writes files of this prefix; here nothing sees to that.

        Raises OSError where one does.
        """
        yield


def open_folder(place: str) -> OutputFolder:
    """Made where it is not there. Raises OSError."""
    if is_remote(place):
        return RemoteFolder(place)
    path = local_path(place)
    path.mkdir(parents=True, exist_ok=True)
    return LocalFolder(path)


class LocalFolder(OutputFolder):
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return sorted(file.name for file in self._path.iterdir())

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        write_atomically(self._path / name, lambda file: file.write_bytes(content))
        # The file is on the disk; so must its name be.
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def alone(self, prefix: str) -> Iterator[None]:
        """The lock ends with the process, however that ends; what a killed one left half written
        under a temporary name is removed."""
        with (self._path / f".lock-{prefix}").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OSError(f"another process writes {prefix} of {self._path}") from error
            for file in self._path.glob(f".{prefix}*"):
                file.unlink()
            yield


class RemoteFolder(OutputFolder):
    """An object store has no half files: one is there when all of it was received."""

    def __init__(self, place: str) -> None:
        self._files, self._path = filesystem(place.rstrip("/"))
        self._files.makedirs(self._path, exist_ok=True)

    def names(self) -> list[str]:
        self._files.invalidate_cache()
        paths = self._files.ls(self._path, detail=False)
        return sorted(path.rstrip("/").rsplit("/", 1)[-1] for path in paths)

    def read(self, name: str) -> bytes:
        content: bytes = self._files.cat_file(f"{self._path}/{name}")
        return content

    def write(self, name: str, content: bytes) -> None:
        self._files.pipe_file(f"{self._path}/{name}", content)
