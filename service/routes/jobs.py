"""/jobs: videos that are classified in the background."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from service.jobs.job import Job, NewJob
from service.jobs.jobs import Jobs
from service.lifecycle import Phase
from service.observability.record import record_of
from service.observability.request_id import new_ulid
from service.problems.errors import JobNotFoundError
from service.problems.parameter_errors import refuse_repeated
from service.routes.client_deadline import deadline_of
from service.routes.job_responses import (
    JobOut,
    JobPageOut,
    JobWithResultOut,
    as_google,
    problem_line,
    problem_of_job,
    result_line,
    state_line,
    with_result,
)
from service.routes.keys import KEYED, owe_job
from service.routes.openapi import (
    CLASSIFY_REQUEST_BODY,
    FOLLOWED_JOB,
    TIMEOUT_HEADER,
    problems,
)
from service.routes.parameters import AnswerFormat, ClassifyQueryParameters
from service.routes.segment_lines import MEDIA_TYPE
from service.state import Service, service_of
from service.threads import in_thread
from service.uploads.upload import receive

router = APIRouter(dependencies=KEYED)

MAX_PAGE = 100
# How often it is looked whether a running job has new segments.
FOLLOW_SECONDS = 0.2
_CHUNK_BYTES = 1024 * 1024

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255)]


@router.post(
    "/jobs",
    status_code=202,
    summary="Classify one video in the background",
    response_model=JobOut,
    responses=problems(401, 408, 413, 415, 422, 429, 500, 503, 507),
    openapi_extra={"requestBody": CLASSIFY_REQUEST_BODY, "parameters": [TIMEOUT_HEADER]},
)
async def add_job(
    request: Request, query: ClassifyQueryParameters, idempotency_key: IdempotencyKey = None
) -> Response:
    """The same inputs and parameters as `POST /classify`; `Location` is where the job is."""
    service = service_of(request)
    deadline = deadline_of(request, at_most_seconds=service.settings.job_deadline_seconds)
    async with service.lifecycle.request(deadline):
        jobs, spec = service.require_jobs(), service.require_recognizer().spec
        refuse_repeated(request.query_params.multi_items())
        query.options(spec)
        options = query.model_dump_json(exclude_unset=True)
        new = await _uploaded(request, service, jobs, options, idempotency_key)
        job = await in_thread(None, jobs.add, new)
        owe_job(request, job.id)
    told = await _told(service, jobs, job)
    headers = {"Location": f"/jobs/{job.id}"}
    return Response(
        told.model_dump_json(), status_code=202, media_type="application/json", headers=headers
    )


async def _uploaded(
    request: Request, service: Service, jobs: Jobs, options: str, key: str | None
) -> NewJob:
    """Nothing is left of an upload that is not complete."""
    max_bytes = int(service.settings.max_job_upload_bytes)
    record, job_id = record_of(request), new_ulid()
    with service.admission.upload(None) as arrival:
        upload = jobs.files.create_upload(job_id, jobs.require_room)
        try:
            size = await receive(request, arrival, upload, max_bytes=max_bytes)
            await in_thread(None, jobs.require_room, 0)
            digest = await in_thread(None, _digest, upload.path, options)
        except BaseException:
            upload.delete()
            raise
    record.bytes_received = size
    return NewJob(job_id, options, digest, key, record.request_id, size)


def _digest(path: Path, options: str) -> str:
    digest = hashlib.sha256(options.encode())
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@router.get(
    "/jobs",
    summary="Jobs, the newest first",
    response_model=JobPageOut,
    responses=problems(401, 422, 429, 500, 503),
)
async def list_jobs(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    before: Annotated[str | None, Query(max_length=26)] = None,
) -> JobPageOut:
    """A page of at most `limit`; `before` is the `next` of the page before."""
    service = service_of(request)
    jobs = service.require_jobs()
    found = await in_thread(None, lambda: jobs.store.page(limit=limit + 1, before=before))
    told = [await _told(service, jobs, job) for job in found[:limit]]
    return JobPageOut(jobs=told, next=told[-1].id if len(found) > limit else None)


@router.get(
    "/jobs/{job_id}",
    summary="One job, and its result",
    response_model=JobWithResultOut,
    responses=problems(401, 404, 422, 429, 500, 503),
)
async def get_job(
    request: Request,
    job_id: str,
    format_name: Annotated[AnswerFormat, Query(alias="format")] = "adamml",
) -> Response:
    """State, progress, times, and the result, in the `format` that is asked for, or the problem."""
    service = service_of(request)
    jobs = service.require_jobs()
    job = await _existing(jobs, job_id)
    result = None
    if job.state == "succeeded":
        result = await in_thread(None, jobs.files.read_result, job_id)
    if result is not None and format_name == "google":
        result = await in_thread(None, as_google, result)
    content = with_result(await _told(service, jobs, job), result)
    return Response(content, media_type="application/json")


@router.delete(
    "/jobs/{job_id}",
    summary="Cancel a job, or remove its result",
    response_model=JobOut,
    responses=problems(401, 404, 422, 429, 500, 503),
)
async def delete_job(request: Request, job_id: str) -> JobOut:
    """A job that waits or runs is cancelled; of one that has ended nothing is kept."""
    service = service_of(request)
    jobs = service.require_jobs()
    job = await _existing(jobs, job_id)
    if job.is_finished:
        await in_thread(None, jobs.remove, job_id)
        return await _told(service, jobs, job)
    cancelled = await in_thread(None, jobs.cancel, job_id)
    return await _told(service, jobs, cancelled or job)


@router.get(
    "/jobs/{job_id}/segments",
    summary="The segments of a job, as they are decided",
    response_class=StreamingResponse,
    responses={**FOLLOWED_JOB, **problems(401, 404, 422, 429, 500, 503)},
)
async def follow_job(request: Request, job_id: str) -> StreamingResponse:
    """Lines of JSON as of `POST /classify`; follows a job until it has ended."""
    service = service_of(request)
    jobs = service.require_jobs()
    await _existing(jobs, job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_lines(service, jobs, job_id), media_type=MEDIA_TYPE, headers=headers)


async def _lines(service: Service, jobs: Jobs, job_id: str) -> AsyncIterator[bytes]:
    """A job that is begun anew writes the same lines again, so it is enough to count bytes."""
    sent = 0
    while True:
        job = await in_thread(None, jobs.store.get, job_id)
        while lines := await in_thread(None, _read_lines, jobs.files.segments(job_id), sent):
            sent += len(lines)
            yield lines
        if job is None or service.lifecycle.phase is Phase.CLOSED:
            return
        if job.is_finished:
            yield await in_thread(None, _last_line, jobs, job)
            return
        await asyncio.sleep(FOLLOW_SECONDS)


def _read_lines(path: Path, begin: int) -> bytes:
    """Whole lines from there on, some at a time."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            chunk = file.read(_CHUNK_BYTES)
    except FileNotFoundError:
        return b""
    return chunk[: chunk.rfind(b"\n") + 1]


def _last_line(jobs: Jobs, job: Job) -> bytes:
    result = jobs.files.read_result(job.id) if job.state == "succeeded" else None
    if result is not None:
        return result_line(result)
    problem = problem_of_job(job)
    return state_line(job.state) if problem is None else problem_line(problem)


async def _existing(jobs: Jobs, job_id: str) -> Job:
    job = await in_thread(None, jobs.store.get, job_id)
    if job is None:
        raise JobNotFoundError(f"there is no job {job_id[:40]!a}; it may have been removed")
    return job


async def _told(service: Service, jobs: Jobs, job: Job) -> JobOut:
    place = await in_thread(None, jobs.store.place, job)
    return JobOut.of(job, place=place, retention_seconds=service.settings.job_retention_seconds)
