"""A worker: one process, one core, one classifier; videos come in, rows go out."""

from __future__ import annotations

import logging
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from batch.inputs import Video
from batch.job import Job
from batch.places import fetch, is_remote, local_path
from batch.rows import INTERNAL_ERROR, Row, answer_row, problem_code, problem_row
from model.common.errors import BudgetTooSmallError, ClassificationError, InvalidParameterError

if TYPE_CHECKING:
    from model.inference.classifier import Classifier

logger = logging.getLogger(__name__)


class JobError(Exception):
    """Something is wrong with the job; its cause says what."""


class Ready(NamedTuple):
    """Models are loaded; sent once, before any row."""

    model: str


class Refused(NamedTuple):
    """What is wrong with the job, not with a video: no other worker could do better."""

    error: JobError


Message = Ready | Refused | Row


def load(job: Job) -> Classifier:
    """A classifier that keeps to one core: the others have workers of their own.

    Raises what `load_classifier` raises, InvalidParameterError and BudgetTooSmallError for options
    that the model does not take, and ProgramMissingError.
    """
    import cv2

    from model.common.cores import limit_cores
    from model.inference.loading import load_classifier
    from model.inference.options import resolve
    from model.inputs.ffmpeg.programs import programs

    limit_cores(1)
    cv2.setNumThreads(1)
    classifier = load_classifier(job.model, threads=1, precision=job.precision, limits=job.limits)
    resolve(job.options, classifier.spec)
    programs()
    return classifier


def serve(connection: Connection, job: Job, downloads: Path) -> None:
    """The process's main function: rows in the order of the videos, until there are no more.

    An interrupt in the terminal reaches all processes; the parent decides what becomes of it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Raised where decoders run, it takes them along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # The parent has no more videos, or is gone.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            _serve(connection, job, downloads)
        except JobError as error:
            connection.send(Refused(error))


def _serve(connection: Connection, job: Job, downloads: Path) -> None:
    try:
        classifier = load(job)
    except (ClassificationError, OSError, ValueError, ImportError) as error:
        raise JobError(f"{type(error).__name__}: {error}") from error
    connection.send(Ready(classifier.version))
    for video, file in _fetched(connection, downloads):
        connection.send(row_of(classifier, job, video, file.result))


def row_of(classifier: Classifier, job: Job, video: Video, file: Callable[[], Path]) -> Row:
    """`file` gives what to open, fetched where need be.

    Raises JobError where every video would meet the same.
    """
    model = classifier.version
    try:
        with _removed_after(file(), video) as path:
            answer = classifier.classify(path, job.options)
    except (InvalidParameterError, ImportError) as error:
        raise JobError(f"{type(error).__name__}: {error}") from error
    except BudgetTooSmallError as error:
        # Without a policy it depends on what the video has; a policy costs the same for all.
        if job.options.policy == "adaptive" and job.options.every_seconds is None:
            raise JobError(f"{type(error).__name__}: {error}") from error
        return problem_row(video.path, error.code, str(error), model=model)
    except Exception as error:  # Of a bug too: the archive must not wait for its repair.
        code = problem_code(error)
        if code == INTERNAL_ERROR:
            logger.exception("%s", video.path)
        return problem_row(video.path, code, str(error) or type(error).__name__, model=model)
    return answer_row(video.path, answer, model=model)


def _fetched(connection: Connection, downloads: Path) -> Iterator[tuple[Video, Future[Path]]]:
    """The next video is fetched while one is classified. Raises EOFError after the last."""
    waiting: deque[tuple[Video, Future[Path]]] = deque()
    with ThreadPoolExecutor(1) as pool:
        while True:
            while not waiting or connection.poll():
                video: Video = connection.recv()
                waiting.append((video, pool.submit(fetched, video, downloads)))
            yield waiting.popleft()


def fetched(video: Video, downloads: Path | None = None) -> Path:
    """A copy in `downloads`, or where temporary files lie, of what is remote. Raises OSError."""
    return fetch(video.place, downloads) if is_remote(video.place) else local_path(video.place)


@contextmanager
def _removed_after(path: Path, video: Video) -> Iterator[Path]:
    """A copy is not needed any more; a local file is the user's."""
    try:
        yield path
    finally:
        if is_remote(video.place):
            path.unlink(missing_ok=True)
