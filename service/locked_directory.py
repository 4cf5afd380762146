"""LockedDirectory: a private directory for as long as its process lives, and not after a crash."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Of one that is not locked yet, so that nobody takes it for abandoned.
_UNFINISHED_PREFIX = "adamml-new-"


class LockedDirectory:
    """Made anew, and those of the same prefix whose processes have ended are removed. A context.

    `parent` None: the system's directory for temporary files.
    """

    def __init__(self, parent: Path | None, prefix: str) -> None:
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        _remove_abandoned(parent, prefix)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED_PREFIX, dir=parent))
        self._lock: int | None = None
        with suppress(OSError):  # Where a file system knows no locks nobody takes it for abandoned.
            self._lock = _lock(unfinished)
        name = unfinished.name.removeprefix(_UNFINISHED_PREFIX)
        self.path = unfinished.rename(parent / f"{prefix}{name}")

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *error: object) -> None:
        self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def own_directories(parent: Path, prefix: str) -> Iterator[Path]:
    """This user's; in a place for all anybody can make some of the same name."""
    for path in parent.glob(f"{prefix}*"):
        with suppress(FileNotFoundError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                yield path


def _remove_abandoned(parent: Path, prefix: str) -> None:
    for path in own_directories(parent, prefix):
        with suppress(OSError):  # It is in use.
            descriptor = _lock(path)
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)


def _lock(directory: Path) -> int:
    """The descriptor that holds it. Raises BlockingIOError where another process does."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
