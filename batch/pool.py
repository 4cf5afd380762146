"""Pool: worker processes that are kept busy, and replaced when they die."""

from __future__ import annotations

import logging
import multiprocessing
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from batch.inputs import Video
from batch.job import Job
from batch.places import is_remote
from batch.rows import WORKER_DIED, Row, problem_row
from batch.worker import Message, Ready, Refused, serve

logger = logging.getLogger(__name__)

ATTEMPTS = 2
# Workers that died one after the other before any was ready: memory is short, not one unlucky.
MAX_FAILED_STARTS = 3
# The classifier gives up long before; what says nothing for so long hangs in native code.
HANG_SECONDS = 1800.0
_POLL_SECONDS = 5.0
_END_SECONDS = 5.0


@dataclass(slots=True)
class _Task:
    video: Video
    attempts: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    """`tasks`: what it was sent and has not answered; it works on the first."""

    process: SpawnProcess
    connection: Connection
    tasks: deque[_Task] = field(default_factory=deque)
    is_ready: bool = False
    since: float = field(default_factory=time.monotonic)

    def wants_more(self) -> bool:
        """One at a time, or the last videos would wait behind a long one; a second one where it
        has to be fetched."""
        return not self.tasks or (len(self.tasks) < 2 and is_remote(self.tasks[0].video.place))

    def give(self, task: _Task) -> None:
        if not self.tasks:
            self.since = time.monotonic()
        self.tasks.append(task)
        with suppress(BrokenPipeError, ConnectionResetError):  # It is told of when it is read.
            self.connection.send(task.video)


class Pool:
    """`rows` may be called once. `num_replaced`: how many workers died."""

    def __init__(self, job: Job, workers: int) -> None:
        self.num_replaced = 0
        self._job, self._size = job, workers
        self._workers: list[_Worker] = []
        self._again: deque[_Task] = deque()
        self._failed_starts = 0
        self._model = ""

    def rows(self, videos: Iterable[Video]) -> Iterator[Row]:
        """One row a video, as they are done.

        Raises:
            JobError: what is wrong with the job, as a worker met it.
            OSError: workers cannot be started.
        """
        rest = iter(videos)
        with self._downloads() as downloads:
            try:
                self._fill(rest, downloads)
                while any(worker.tasks for worker in self._workers):
                    for row in self._received():
                        self._fill(rest, downloads)
                        yield row
                    self._fill(rest, downloads)
            finally:
                self._end()

    @contextmanager
    def _downloads(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="adamml-batch-") as name:
            yield Path(name)

    def _fill(self, rest: Iterator[Video], downloads: Path) -> None:
        """Nobody waits while there are videos; no worker is started that would have none."""
        for worker in self._workers:
            while worker.wants_more() and (task := self._next(rest)):
                worker.give(task)
        while len(self._workers) < self._size and (task := self._next(rest)):
            self._workers.append(self._start(downloads))
            self._workers[-1].give(task)

    def _next(self, rest: Iterator[Video]) -> _Task | None:
        if self._again:
            return self._again.popleft()
        video = next(rest, None)
        return None if video is None else _Task(video)

    def _start(self, downloads: Path) -> _Worker:
        # Forked ones would share the locks of threads that they do not have.
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._job, downloads), daemon=True)
        process.start()
        # With the only other end in the worker, its death closes the pipe.
        theirs.close()
        return _Worker(process, mine)

    def _received(self) -> Iterator[Row]:
        by_connection = {worker.connection: worker for worker in self._workers}
        for connection in wait([*by_connection], timeout=_POLL_SECONDS):
            worker = by_connection[connection]  # type: ignore[index]
            try:
                message: Message = worker.connection.recv()
            except (EOFError, OSError):
                yield from self._buried(worker)
            else:
                yield from self._understood(worker, message)
        self._kill_hanging()

    def _understood(self, worker: _Worker, message: Message) -> Iterator[Row]:
        if isinstance(message, Refused):
            raise message.error
        worker.since = time.monotonic()
        if isinstance(message, Ready):
            worker.is_ready, self._failed_starts, self._model = True, 0, message.model
        else:
            worker.tasks.popleft()
            yield message

    def _buried(self, worker: _Worker) -> Iterator[Row]:
        """What it worked on is tried once more, since it may have been the reason."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        status = worker.process.exitcode
        self.num_replaced += 1
        if not worker.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                raise OSError(f"workers die while they start, the last one with status {status}")
        elif worker.tasks:
            worker.tasks[0].attempts += 1
            logger.warning("%s: its worker died, status %s", worker.tasks[0].video.path, status)
        for task in reversed(worker.tasks):
            if task.attempts < ATTEMPTS:
                self._again.appendleft(task)
            else:
                detail = f"{ATTEMPTS} processes died of it, the last one with status {status}"
                yield problem_row(task.video.path, WORKER_DIED, detail, model=self._model)

    def _kill_hanging(self) -> None:
        for worker in self._workers:
            if worker.tasks and time.monotonic() - worker.since > HANG_SECONDS:
                logger.warning(
                    "%s: said nothing for %g s", worker.tasks[0].video.path, HANG_SECONDS
                )
                worker.process.kill()

    def _end(self) -> None:
        """Idle ones leave when their pipe is closed; others are stopped, with their decoders."""
        for worker in self._workers:
            if worker.tasks:
                worker.process.terminate()
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(_END_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()
