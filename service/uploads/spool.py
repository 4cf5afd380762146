"""Spool: where uploads lie while they are used, within a quota that all processes share."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from service.locked_directory import LockedDirectory, own_directories
from service.problems.errors import InsufficientStorageError
from service.uploads.upload import Upload

_PREFIX = "adamml-uploads-"


class Spool:
    """A directory that only this user can enter, for the uploads of one process."""

    def __init__(self, parent: Path | None, *, max_bytes: int) -> None:
        """`max_bytes`: of the uploads of all processes with the same `parent`."""
        self._directory = LockedDirectory(parent, _PREFIX)
        self._max_bytes = max_bytes

    def create(self) -> Upload:
        """No part of the name, its extension included, is the client's."""
        path = self._directory.path / secrets.token_hex(16)
        return Upload(path, require_room=self.require_room)

    def require_room(self, num_bytes: int) -> None:
        """For so many bytes more. Blocks on the disk.

        Raises InsufficientStorageError beyond the quota, or where the disk has less.
        """
        if self.num_bytes() + num_bytes > self._max_bytes:
            raise InsufficientStorageError(
                f"all uploads together would exceed {self._max_bytes} bytes, which is the limit"
            )
        # The system tells of it only when it is full, and then others' writes fail as well.
        if num_bytes > shutil.disk_usage(self._directory.path).free:
            raise InsufficientStorageError(f"the disk has no room for {num_bytes} bytes")

    def num_bytes(self) -> int:
        """On the disk, of all processes' uploads."""
        total = 0
        for directory in own_directories(self._directory.path.parent, _PREFIX):
            with suppress(FileNotFoundError), os.scandir(directory) as files:
                total += sum(_size(file) for file in files)
        return total

    def remove(self) -> None:
        self._directory.remove()


def _size(file: os.DirEntry[str]) -> int:
    try:
        return file.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # Its request has ended.
        return 0
