"""JobFiles: uploads, segments and results of jobs, in a directory that all processes share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from service.uploads.body import RequireRoom
from service.uploads.upload import Upload

_SUFFIXES = (".upload", ".segments", ".result")
_UNFINISHED = ".unfinished"


class JobFiles:
    """Only this user can enter the directory."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError where it cannot be made."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def create_upload(self, job_id: str, require_room: RequireRoom) -> Upload:
        return Upload(self.upload(job_id), require_room=require_room)

    def upload(self, job_id: str) -> Path:
        return self._directory / f"{job_id}.upload"

    def segments(self, job_id: str) -> Path:
        """Lines of JSON, which grow while the job runs."""
        return self._directory / f"{job_id}.segments"

    def write_result(self, job_id: str, content: bytes) -> None:
        """All of it, or nothing."""
        unfinished = self._directory / f"{job_id}{_UNFINISHED}"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._result(job_id))

    def read_result(self, job_id: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return self._result(job_id).read_bytes()
        return None

    def remove(self, job_id: str) -> None:
        for suffix in (*_SUFFIXES, _UNFINISHED):
            (self._directory / f"{job_id}{suffix}").unlink(missing_ok=True)

    def remove_upload(self, job_id: str) -> None:
        self.upload(job_id).unlink(missing_ok=True)

    def num_bytes(self) -> int:
        """On the disk, of all jobs together."""
        total = 0
        for path in self._files():
            with suppress(FileNotFoundError):  # Another process may remove it.
                total += path.stat().st_size
        return total

    def older_than(self, unix_seconds: float) -> set[str]:
        """Ids of jobs of which there is a file that was last written before."""
        old = set()
        for path in self._files():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < unix_seconds:
                    old.add(path.stem)
        return old

    def _files(self) -> Iterator[Path]:
        return (p for p in self._directory.iterdir() if p.suffix in (*_SUFFIXES, _UNFINISHED))

    def _result(self, job_id: str) -> Path:
        return self._directory / f"{job_id}.result"
