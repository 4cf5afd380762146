"""POST /classify: upload, wait for a place, classify in a thread, answer; give up when told to."""

from __future__ import annotations

import time
from functools import partial

from fastapi import APIRouter, Request, Response

from model.common.deadline import Deadline
from model.common.errors import InvalidParameterError
from model.inference.classification import Classification
from service.observability.record import RequestRecord, record_of
from service.problems.parameter_errors import refuse_repeated
from service.routes.client_deadline import deadline_of
from service.routes.google_answer import GoogleAnswer
from service.routes.keys import KEYED
from service.routes.openapi import (
    CLASSIFY_ANSWER,
    CLASSIFY_REQUEST_BODY,
    TIMEOUT_HEADER,
    problems,
)
from service.routes.parameters import AnswerFormat, AnswerQueryParameters
from service.routes.responses import ClassifyAnswer, ModelOut
from service.routes.segment_lines import LinesResponse, accepts_lines
from service.state import Service, service_of
from service.uploads.upload import Upload, receive
from service.work import AttendedWork, Work

router = APIRouter(dependencies=KEYED)


@router.post(
    "/classify",
    summary="Classify one video",
    response_model=ClassifyAnswer | GoogleAnswer,
    responses={**CLASSIFY_ANSWER, **problems(401, 408, 413, 415, 422, 429, 500, 503, 507)},
    openapi_extra={"requestBody": CLASSIFY_REQUEST_BODY, "parameters": [TIMEOUT_HEADER]},
)
async def classify(request: Request, query: AnswerQueryParameters) -> Response:
    """The label, the choices behind it, segment by segment, and the compute that was spent."""
    service = service_of(request)
    deadline = deadline_of(request, at_most_seconds=service.settings.request_deadline_seconds)
    with service.metrics.requests_in_progress.track_inprogress():
        async with service.lifecycle.request(deadline):
            recognizer = service.require_recognizer()
            record = record_of(request)
            record.model_version = recognizer.version
            refuse_repeated(request.query_params.multi_items())
            _require_document(request, query.format)
            options = query.options(recognizer.spec)
            work = Work(service, recognizer, options, deadline, record)
            upload = await uploaded(request, service, record, deadline)
            attended = AttendedWork(request, work, upload)
            if accepts_lines(request):
                return await _lines(attended, work)
            return await _document(attended, work, query.format)


def _require_document(request: Request, format_name: AnswerFormat) -> None:
    if format_name != "adamml" and accepts_lines(request):
        raise InvalidParameterError(f"format is {format_name!r}; lines have the format adamml only")


async def _document(attended: AttendedWork, work: Work, format_name: AnswerFormat) -> Response:
    try:
        answer = await attended.answer()
    finally:
        attended.end()
    work.record.classifications = [answer]
    # Serialised here, once: the framework would validate and serialise it all again.
    told = answer_of(work, answer)
    document = GoogleAnswer.of(told) if format_name == "google" else told
    return Response(document.model_dump_json().encode(), media_type="application/json")


async def _lines(attended: AttendedWork, work: Work) -> Response:
    """What fails before the first segment is a problem with a status of its own."""
    try:
        await attended.first()
    except BaseException:
        attended.end()
        raise
    return LinesResponse(
        attended, work.service.lifecycle, work.deadline, work.record, partial(answer_of, work)
    )


def answer_of(work: Work, classification: Classification) -> ClassifyAnswer:
    model = ModelOut(name=work.recognizer.spec.name, version=work.recognizer.version)
    return ClassifyAnswer.of(classification, request_id=work.record.request_id, model=model)


async def uploaded(
    request: Request, service: Service, record: RequestRecord, deadline: Deadline
) -> Upload:
    """The complete upload, which the caller must delete; nothing is left of an incomplete one."""
    start = time.perf_counter()
    with service.admission.upload(deadline) as arrival:
        upload = service.require_spool().create()
        try:
            max_bytes = int(service.settings.max_upload_bytes)
            record.bytes_received = await receive(request, arrival, upload, max_bytes=max_bytes)
        except BaseException:
            upload.delete()
            raise
    record.add_stage("upload", time.perf_counter() - start)
    return upload
