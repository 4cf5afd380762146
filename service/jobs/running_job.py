"""RunningJob: one job from its file to its result, heard of by its store all the while."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model.common.deadline import Deadline
from model.common.errors import ClassificationError
from model.inference.classification import Classification, ClassifyOptions, SegmentResult
from model.inputs.probing.video_info import VideoInfo
from model.spec.model_spec import ModelSpec
from service.jobs.files import JobFiles
from service.jobs.job import Job, JobState, Progress
from service.recognizer import Recognizer

if TYPE_CHECKING:
    from service.jobs.store import JobStore

logger = logging.getLogger(__name__)

# A job that is cancelled ends within about twice this.
BEAT_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Formats:
    """Between what is kept of a job and what the classifier takes and gives."""

    options: Callable[[str, ModelSpec], ClassifyOptions]
    segment: Callable[[SegmentResult], bytes]
    result: Callable[[Classification, Job, Recognizer], bytes]


@dataclass(slots=True)
class RunningJob:
    """`give_way` is called before every segment: what is more urgent comes first."""

    job: Job
    store: JobStore
    files: JobFiles
    recognizer: Recognizer
    formats: Formats
    deadline: Deadline
    give_way: Callable[[], None]
    answer: Classification | None = None
    _progress: Progress = field(default_factory=Progress)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _is_taken_away: bool = False
    _is_returned: bool = False

    def give_back(self) -> None:
        """From another thread: stop; the job waits again."""
        self._is_returned = True
        self.deadline.cancel()

    def run(self) -> JobState | None:
        """How it ended; None where it did not end here."""
        beating = threading.Thread(target=self._beat, name="job-beat", daemon=True)
        beating.start()
        try:
            end, code, detail = self._classified()
        finally:
            self._is_over.set()
            beating.join()
        if self._is_returned and end != "succeeded":
            self.store.give_back(self.job.id)
            return None
        if self._is_taken_away:
            known = self.store.get(self.job.id)
            if known is None or not known.is_cancelled:
                return None
            end, code, detail = "cancelled", None, None
        if not self.store.finish(self.job.id, end, self._progress, code=code, detail=detail):
            return None
        self.files.remove_upload(self.job.id)
        return end

    def _classified(self) -> tuple[JobState, str | None, str | None]:
        try:
            self.answer = self._stream()
            content = self.formats.result(self.answer, self.job, self.recognizer)
            self.files.write_result(self.job.id, content)
        except ClassificationError as error:
            return "failed", error.code, str(error)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                logger.exception("job %s", self.job.id)
                return "failed", "internal_error", "an unexpected error was logged"
            return "failed", "insufficient_storage", "there is no room for the result on the disk"
        except Exception:
            logger.exception("job %s", self.job.id)
            return "failed", "internal_error", "an unexpected error was logged"
        return "succeeded", None, None

    def _stream(self) -> Classification:
        options = self.formats.options(self.job.options, self.recognizer.spec)
        stream = self.recognizer.stream(
            self.files.upload(self.job.id),
            options,
            deadline=self.deadline,
            on_opened=self._opened,
        )
        with closing(stream), self.files.segments(self.job.id).open("wb", buffering=0) as lines:
            for item in stream:
                if isinstance(item, Classification):
                    self._progress.seconds_done = item.video.duration_seconds
                    return item
                lines.write(self.formats.segment(item))
                self._count(item)
                self.give_way()
        raise RuntimeError("the recognizer gave no answer")

    def _opened(self, info: VideoInfo, num_segments: int) -> None:
        self._progress.segments = num_segments
        self._progress.video_seconds = info.duration_seconds

    def _count(self, segment: SegmentResult) -> None:
        self._progress.segments_done += 1
        self._progress.seconds_done = segment.end_seconds
        self._progress.gflops += segment.macs / 1e9

    def _beat(self) -> None:
        while not self._is_over.wait(BEAT_SECONDS):
            try:
                is_mine = self.store.beat(self.job.id, self._progress)
            except Exception:
                # The database may come back before the lease has run out.
                logger.exception("job %s: the database cannot be told of it", self.job.id)
                continue
            if not is_mine:
                self._is_taken_away = True
                self.deadline.cancel()
                return


def waits_while(is_pressed: Callable[[], bool], *, most_seconds: float) -> Callable[[], None]:
    """Waits while requests wait, but not for ever: jobs go on slowly under any load."""

    def give_way() -> None:
        end = time.monotonic() + most_seconds
        while is_pressed() and time.monotonic() < end:
            time.sleep(most_seconds / 20)

    return give_way
