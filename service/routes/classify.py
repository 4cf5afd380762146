"""POST /classify: upload, wait for a place, classify in a thread, answer; give up when told to."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from model.common.deadline import Deadline
from model.inference.classification import Classification, ClassifyOptions
from service.observability.record import RequestRecord, record_of
from service.problems.parameter_errors import refuse_repeated
from service.recognizer import Recognizer
from service.routes.openapi import CLASSIFY_REQUEST_BODY, problems
from service.routes.parameters import ClassifyQueryParameters
from service.routes.responses import ClassifyAnswer, ModelOut
from service.state import Service, service_of
from service.threads import in_thread
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
            job = _Job(service, recognizer, options, deadline, record)
            upload = await _uploaded(request, service, record)
            record.classification = await _unless_client_leaves(request, job, upload)
            return _answer(record, recognizer, record.classification)


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


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything that classifying one upload takes."""

    service: Service
    recognizer: Recognizer
    options: ClassifyOptions
    deadline: Deadline
    record: RequestRecord

    async def run(self, upload: Upload) -> Classification:
        async with self.service.admission.place() as waited_seconds:
            self.record.add_stage("queue", waited_seconds)
            return await in_thread(
                self.service.executor,
                self.recognizer.classify,
                upload.path,
                self.options,
                deadline=self.deadline,
                on_stage=self.record.add_stage,
            )


async def _unless_client_leaves(request: Request, job: _Job, upload: Upload) -> Classification:
    """Run the job; raise ClientDisconnect and cancel it when nobody waits for it any more.

    The job is a task of its own: its thread may need a moment to notice that it was cancelled,
    and until then its place is taken and its file in use, while this request ends at once.
    """
    work = asyncio.create_task(job.run(upload))
    job.service.lifecycle.adopt(work)
    # Not in the job itself, which may be cancelled before its first step.
    work.add_done_callback(lambda _: upload.delete())
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientDisconnect
        return work.result()
    finally:
        gone.cancel()
        if not work.done():
            job.deadline.cancel()
            work.cancel()


async def _disconnected(request: Request) -> None:
    """Returns when the client closes the connection; its body has been read already."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
