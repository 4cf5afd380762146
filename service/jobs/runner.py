"""JobRunner: a process's thread that takes up jobs, one at a time, and clears away old ones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model.common.deadline import Deadline
from service.jobs.files import JobFiles
from service.jobs.job import Job, JobState
from service.jobs.running_job import Formats, RunningJob, waits_while
from service.observability.metrics import ServiceMetrics
from service.recognizer import Recognizer

if TYPE_CHECKING:
    from service.jobs.store import JobStore

logger = logging.getLogger(__name__)

# Other processes may add jobs, which nobody tells of.
POLL_SECONDS = 1.0
SWEEP_SECONDS = 30.0
# Before each segment, while requests wait for a place.
MOST_SECONDS_OF_GIVING_WAY = 1.0
# Files of jobs that the database does not know: an upload that was never finished.
ORPHAN_SECONDS = 3600.0


@dataclass(slots=True)
class JobRunner:
    """Results are kept for `retention_seconds`; a job may run for `deadline_seconds`."""

    store: JobStore
    files: JobFiles
    recognizer: Callable[[], Recognizer]
    formats: Formats
    metrics: ServiceMetrics
    is_pressed: Callable[[], bool]
    retention_seconds: float
    deadline_seconds: float
    _wake: threading.Event = field(default_factory=threading.Event)
    _is_stopped: bool = False
    _running: RunningJob | None = None
    _thread: threading.Thread | None = None
    _swept: float = float("-inf")

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def count_end(self, state: JobState) -> None:
        """Of a job that was never begun."""
        self.metrics.jobs.labels(state).inc()

    def stop(self) -> None:
        """The job that runs waits again, for whichever process is there next."""
        self._is_stopped = True
        self._wake.set()
        if self._running is not None:
            self._running.give_back()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._is_stopped:
            try:
                is_idle = not self._turn()
            except Exception:
                logger.exception("jobs: the database or the directory fails")
                is_idle = True
            if is_idle:
                self._wake.wait(POLL_SECONDS)
                self._wake.clear()

    def _turn(self) -> bool:
        """Whether there was a job."""
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self.sweep()
            self._swept = time.monotonic()
        count, seconds = self.store.waiting()
        self.metrics.jobs_queued.set(count)
        self.metrics.jobs_oldest_queued_seconds.set(seconds)
        job = self.store.take()
        if job is None:
            return False
        self._run(job)
        return True

    def _run(self, job: Job) -> None:
        start = time.monotonic()
        running = RunningJob(
            job=job,
            store=self.store,
            files=self.files,
            recognizer=self.recognizer(),
            formats=self.formats,
            deadline=Deadline(self.deadline_seconds),
            give_way=waits_while(self.is_pressed, most_seconds=MOST_SECONDS_OF_GIVING_WAY),
        )
        self._running = running
        if self._is_stopped:
            running.give_back()
        with self.metrics.jobs_running.track_inprogress():
            end = running.run()
        self._running = None
        if end is not None:
            self.metrics.jobs.labels(end).inc()
            if running.answer is not None and end == "succeeded":
                self.metrics.observe_answer(running.answer)
        fields = {"job_id": job.id, "state": end or "given back", "attempt": job.attempts}
        fields["seconds"] = round(time.monotonic() - start, 3)
        logger.info("job", extra={"fields": fields})

    def sweep(self) -> None:
        """Removes what was kept long enough, and files that belong to nothing."""
        for job_id in self.store.finished_before(self.retention_seconds):
            self.files.remove(job_id)
            self.store.remove(job_id)
        known = self.store.ids()
        for job_id in self.files.older_than(time.time() - ORPHAN_SECONDS) - known:
            self.files.remove(job_id)
