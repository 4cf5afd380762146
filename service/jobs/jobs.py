"""Jobs: the door to the queue, and what stands behind it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from service.jobs.files import JobFiles
from service.jobs.job import Job, NewJob
from service.jobs.runner import JobRunner
from service.jobs.running_job import Formats
from service.observability.metrics import ServiceMetrics
from service.problems.errors import IdempotencyKeyReusedError, InsufficientStorageError
from service.recognizer import Recognizer
from service.settings import Settings

if TYPE_CHECKING:
    from service.jobs.store import JobStore

DATABASE_NAME = "jobs.sqlite3"


@dataclass(frozen=True, slots=True)
class Jobs:
    """Its methods block on the disk and the database; they may be called from any thread."""

    store: JobStore
    files: JobFiles
    runner: JobRunner
    max_bytes: int

    def require_room(self, num_bytes: int) -> None:
        """For an upload of so many bytes, within the quota; the oldest results make room.

        Raises InsufficientStorageError.
        """
        needed = self.files.num_bytes() + num_bytes - self.max_bytes
        for job_id in self.store.finished_before(0.0) if needed > 0 else ():
            self.files.remove(job_id)
            self.store.remove(job_id)
            needed = self.files.num_bytes() + num_bytes - self.max_bytes
            if needed <= 0:
                return
        if needed > 0:
            raise InsufficientStorageError(
                f"the files of jobs would exceed {self.max_bytes} bytes, which is the limit"
            )

    def add(self, new: NewJob) -> Job:
        """The job, or the one of the same key and content that there is already; the upload of
        the new one is deleted then.

        Raises IdempotencyKeyReusedError: the key belongs to another request.
        """
        try:
            job = self.store.add(new)
        except BaseException:
            self.files.remove(new.id)
            raise
        if job.id != new.id:
            self.files.remove(new.id)
            if job.digest != new.digest:
                raise IdempotencyKeyReusedError(
                    f"the Idempotency-Key {new.key!a} belongs to another video or other parameters"
                )
        self.runner.wake()
        return job

    def cancel(self, job_id: str) -> Job | None:
        """Ends one that waits now, and one that runs soon."""
        job = self.store.cancel(job_id)
        if job is not None and job.is_finished:
            self.files.remove_upload(job_id)
            self.runner.count_end(job.state)
        return job

    def remove(self, job_id: str) -> None:
        """Nothing is left of it."""
        self.store.remove(job_id)
        self.files.remove(job_id)

    def close(self) -> None:
        self.runner.stop()
        self.store.close()


def open_jobs(
    settings: Settings,
    metrics: ServiceMetrics,
    recognizer: Callable[[], Recognizer],
    formats: Formats,
    *,
    is_pressed: Callable[[], bool],
) -> Jobs:
    """Opens the database and begins to work. Raises OSError and SQLAlchemyError."""
    # Here, as importing it takes longer than all of the service's own modules.
    from service.jobs.database import Database
    from service.jobs.store import JobStore

    files = JobFiles(directory := settings.jobs_dir or default_directory())
    store = JobStore(Database(settings.jobs_database or f"sqlite:///{directory / DATABASE_NAME}"))
    runner = JobRunner(
        store=store,
        files=files,
        recognizer=recognizer,
        formats=formats,
        metrics=metrics,
        is_pressed=is_pressed,
        retention_seconds=settings.job_retention_seconds,
        deadline_seconds=settings.job_deadline_seconds,
    )
    runner.start()
    return Jobs(store, files, runner, int(settings.job_storage_bytes))


def default_directory() -> Path:
    """Where this user's programs keep what should outlive them, by the XDG base directories."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "adamml" / "jobs"
