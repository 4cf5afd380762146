"""POST /classify: one video, uploaded as a form or as the body itself."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request, Response

from model.common.deadline import Deadline
from model.inference.classification import Classification
from service.classify_job import ClassifyJob, run_unless_client_leaves
from service.observability.record import RequestRecord, record_of
from service.problems.parameter_errors import refuse_repeated
from service.recognizer import Recognizer
from service.routes.openapi import CLASSIFY_REQUEST_BODY, problems
from service.routes.parameters import ClassifyQueryParameters
from service.routes.responses import ClassifyAnswer, ModelOut
from service.state import Service, service_of
from service.uploads.upload import Upload, receive

router = APIRouter()


@router.post(
    "/classify",
    summary="Classify one video",
    response_model=ClassifyAnswer,
    responses=problems(408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": CLASSIFY_REQUEST_BODY},
)
async def classify(request: Request, query: ClassifyQueryParameters) -> Response:
    """The label, the choices behind it, segment by segment, and the compute that was spent."""
    service = service_of(request)
    deadline = Deadline(service.settings.request_deadline_seconds)
    with service.metrics.requests_in_progress.track_inprogress():
        async with service.lifecycle.request(deadline):
            recognizer = service.require_recognizer()
            record = record_of(request)
            record.model_version = recognizer.version
            refuse_repeated(request.query_params.multi_items())
            options = query.options(recognizer.spec)
            job = ClassifyJob(service, recognizer, options, deadline, record)
            upload = await _uploaded(request, service, record)
            record.classifications = await run_unless_client_leaves(request, job, [upload])
            return _answer(record, recognizer, record.classifications[0])


def _answer(
    record: RequestRecord, recognizer: Recognizer, classification: Classification
) -> Response:
    model = ModelOut(name=recognizer.spec.name, version=recognizer.version)
    answer = ClassifyAnswer.of(classification, request_id=record.request_id, model=model)
    # Serialised here, once: the framework would validate and serialise it all again.
    return Response(answer.model_dump_json().encode(), media_type="application/json")


async def _uploaded(request: Request, service: Service, record: RequestRecord) -> Upload:
    """The complete upload, which the caller must delete; nothing is left of an incomplete one."""
    start = time.perf_counter()
    with service.admission.upload():
        upload = service.require_spool().create()
        try:
            max_bytes = int(service.settings.max_upload_bytes)
            record.bytes_received = await receive(request, upload, max_bytes=max_bytes)
        except BaseException:
            upload.delete()
            raise
    record.add_stage("upload", time.perf_counter() - start)
    return upload
