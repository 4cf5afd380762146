"""The routes under /v2: the server, its model, whether they are ready, and inference."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response

from model.common.deadline import Deadline
from model.inference.classification import ClassifyOptions
from service.observability.record import record_of
from service.problems.errors import NotFoundError
from service.problems.parameter_errors import echo
from service.recognizer import Recognizer
from service.routes.client_deadline import deadline_of
from service.routes.keys import KEYED, KNOWN
from service.routes.openapi import (
    INFER_ANSWER,
    INFER_REQUEST_BODY,
    TIMEOUT_HEADER,
    protocol_errors,
)
from service.routes.protocol.batch import answers_unless_client_leaves
from service.routes.protocol.infer_answer import DATATYPES, infer_response
from service.routes.protocol.infer_request import INPUT_NAME, InferRequest
from service.state import Service, service_of
from service.threads import in_thread
from service.uploads.tensor_body import receive_videos
from service.uploads.upload import Upload
from service.uploads.video_files import VideoFiles
from service.work import Work

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])
_PLATFORM = "adamml"


@router.get(
    "",
    summary="The server and its extensions",
    dependencies=KNOWN,
    responses=protocol_errors(401, 429),
)
async def server_metadata() -> dict[str, Any]:
    return {
        "name": "adamml",
        "version": version("adamml"),
        "extensions": ["binary_tensor_data"],
    }


@router.get("/health/live", summary="Is the process alive?")
async def live() -> dict[str, bool]:
    return {"live": True}


@router.get("/health/ready", summary="Should it get requests?", responses=protocol_errors(503))
async def ready(request: Request) -> dict[str, bool]:
    service_of(request).lifecycle.require_ready()
    return {"ready": True}


@router.post(
    "/repository/index",
    summary="The models",
    dependencies=KNOWN,
    responses=protocol_errors(401, 429, 503),
)
async def index(request: Request) -> list[dict[str, str]]:
    """Triton's extension, by which its clients list models; there is one at a time."""
    recognizer = service_of(request).require_recognizer()
    name, version = recognizer.spec.name, recognizer.version
    return [{"name": name, "version": version, "state": "READY", "reason": ""}]


@router.get(
    "/models/{name}",
    summary="The model's tensors",
    dependencies=KNOWN,
    responses=protocol_errors(401, 404, 422, 429, 503),
)
async def model_metadata(request: Request, name: str) -> dict[str, Any]:
    recognizer = _model(service_of(request), name)
    return {
        "name": name,
        "versions": [recognizer.version],
        "platform": _PLATFORM,
        "inputs": [
            {
                "name": INPUT_NAME,
                "datatype": "BYTES",
                "shape": [-1],
                "parameters": {"content_type": "base64"},
            }
        ],
        "outputs": [
            {"name": output, "datatype": datatype, "shape": [-1]}
            for output, datatype in DATATYPES.items()
        ],
    }


@router.get(
    "/models/{name}/ready", summary="Can it infer?", responses=protocol_errors(404, 422, 503)
)
async def model_ready(request: Request, name: str) -> dict[str, Any]:
    service = service_of(request)
    service.lifecycle.require_ready()
    _model(service, name)
    return {"name": name, "ready": True}


@router.post(
    "/models/{name}/infer",
    summary="Classify a tensor of videos",
    dependencies=KEYED,
    responses={
        **INFER_ANSWER,
        **protocol_errors(401, 404, 408, 413, 415, 422, 429, 500, 503, 507),
    },
    openapi_extra={"requestBody": INFER_REQUEST_BODY, "parameters": [TIMEOUT_HEADER]},
)
async def infer(request: Request, name: str) -> Response:
    """A label, its score, and the GFLOPs spent, for each video in the order of the tensor."""
    service = service_of(request)
    deadline = deadline_of(request, at_most_seconds=service.settings.request_deadline_seconds)
    with service.metrics.requests_in_progress.track_inprogress():
        async with service.lifecycle.request(deadline):
            recognizer = _model(service, name)
            record = record_of(request)
            record.model_version = recognizer.version
            asked, options, videos = await _received(request, service, recognizer, deadline)
            work = Work(service, recognizer, options, deadline, record)
            record.classifications = await answers_unless_client_leaves(request, work, videos)
            return infer_response(asked, recognizer, record.classifications)


async def _received(
    request: Request, service: Service, recognizer: Recognizer, deadline: Deadline
) -> tuple[InferRequest, ClassifyOptions, list[Upload]]:
    """What is asked, and the videos, which the caller must delete."""
    start = time.perf_counter()
    max_bytes = int(service.settings.max_upload_bytes)
    record = record_of(request)
    with service.admission.upload(deadline) as arrival:
        spool = service.require_spool()
        files = VideoFiles(spool.create, max_bytes=max_bytes, require_room=spool.require_room)
        try:
            rest = await receive_videos(request, arrival, files, max_bytes=max_bytes)
            asked = InferRequest.parse(rest)
            options = asked.query().options(recognizer.spec)
            videos = await in_thread(None, asked.videos, files)
        except BaseException:
            files.delete()
            raise
    record.bytes_received = files.num_bytes
    record.add_stage("upload", time.perf_counter() - start)
    return asked, options, videos


def _model(service: Service, name: str) -> Recognizer:
    """Raises NotReadyError, or NotFoundError where the model has another name."""
    recognizer = service.require_recognizer()
    if name != recognizer.spec.name:
        raise NotFoundError(f"no model is called {echo(name)}; there is {recognizer.spec.name}")
    return recognizer
