"""What is told of a job, and what is kept of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from model.inference.classification import Classification, ClassifyOptions, SegmentResult
from model.spec.model_spec import ModelSpec
from service.jobs.job import Job, JobState
from service.jobs.running_job import Formats
from service.problems.problems import Problem, problem_of
from service.recognizer import Recognizer
from service.routes.google_answer import GoogleAnswer
from service.routes.parameters import ClassifyQuery
from service.routes.responses import ClassifyAnswer, ModelOut, SegmentOut


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProgressOut(_Told):
    """Totals are null until the file has been opened."""

    segments_done: int
    segments: int | None
    seconds_done: float
    video_seconds: float | None
    gflops: float

    @classmethod
    def of(cls, job: Job) -> ProgressOut:
        return cls(**{name: getattr(job, name) for name in cls.model_fields})


class JobOut(_Told):
    """`place` counts from 1, while the job waits; `problem` is of a job that failed."""

    id: str
    state: JobState
    place: int | None
    progress: ProgressOut
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    attempts: int
    problem: Problem | None

    @classmethod
    def of(cls, job: Job, *, place: int | None, retention_seconds: float) -> JobOut:
        expires = None if job.finished is None else job.finished + retention_seconds
        return cls(
            id=job.id,
            state=job.state,
            place=place,
            progress=ProgressOut.of(job),
            created_at=_time(job.created),
            started_at=None if job.started is None else _time(job.started),
            finished_at=None if job.finished is None else _time(job.finished),
            expires_at=None if expires is None else _time(expires),
            attempts=job.attempts,
            problem=problem_of_job(job),
        )


class JobWithResultOut(JobOut):
    """`result` is the document that `POST /classify` answers with, once the job has succeeded."""

    result: ClassifyAnswer | GoogleAnswer | None


class JobPageOut(_Told):
    """The newest first; `next` goes into `before` for the page after this one."""

    jobs: list[JobOut]
    next: str | None = Field(description="null on the last page.")


def problem_of_job(job: Job) -> Problem | None:
    if job.code is None:
        return None
    return problem_of(job.code, job.detail or "", job.request_id)


def with_result(told: JobOut, result: bytes | None) -> bytes:
    """The JSON of JobWithResultOut, of a result that is JSON already."""
    return told.model_dump_json().encode()[:-1] + b',"result":' + (result or b"null") + b"}"


def as_google(result: bytes) -> bytes:
    """A kept result in that shape."""
    return GoogleAnswer.of(ClassifyAnswer.model_validate_json(result)).model_dump_json().encode()


def result_line(result: bytes) -> bytes:
    return b'{"type":"result",' + result[1:] + b"\n"


def problem_line(problem: Problem) -> bytes:
    fields = problem.model_dump_json(exclude={"type"})
    return b'{"type":"problem",' + fields[1:].encode() + b"\n"


def state_line(state: JobState) -> bytes:
    """The end of a job that has neither result nor problem."""
    return json.dumps({"type": state}).encode() + b"\n"


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def _options(kept: str, spec: ModelSpec) -> ClassifyOptions:
    return ClassifyQuery.model_validate_json(kept).options(spec)


def _segment(segment: SegmentResult) -> bytes:
    return b'{"type":"segment",' + SegmentOut.of(segment).model_dump_json()[1:].encode() + b"\n"


def _result(classification: Classification, job: Job, recognizer: Recognizer) -> bytes:
    model = ModelOut(name=recognizer.spec.name, version=recognizer.version)
    answer = ClassifyAnswer.of(classification, request_id=job.request_id, model=model)
    return answer.model_dump_json().encode()


JOB_FORMATS = Formats(options=_options, segment=_segment, result=_result)
