"""The routes for those who run the service: probes, metrics, and what model it serves."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel, ConfigDict

from model.spec.model_spec import Modality, ModelSpec, OperatingPoint
from service.problems.errors import NotFoundError
from service.routes.keys import KNOWN
from service.routes.openapi import METRICS_ANSWER, problems
from service.state import service_of
from service.threads import in_thread

router = APIRouter()


class Health(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    status: str


class ModelDescription(BaseModel):
    """`curve` is the measured accuracy by compute, each point with its number of segments;
    `spec` is everything but the weights, `decoder` the version of ffmpeg, `sandbox` what the
    kernel keeps it in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    decoder: str
    sandbox: str
    labels: tuple[str, ...]
    modalities: tuple[Modality, ...]
    curve: tuple[OperatingPoint, ...]
    spec: ModelSpec


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Health:
    return Health(status="alive")


@router.get("/readyz", summary="Should it get requests?", responses=problems(503))
async def readyz(request: Request) -> Health:
    service_of(request).lifecycle.require_ready()
    return Health(status="ready")


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    dependencies=KNOWN,
    responses={**METRICS_ANSWER, **problems(401, 404, 429)},
)
async def metrics(request: Request) -> Response:
    """Prometheus's text format, or OpenMetrics for those who ask for it."""
    service = service_of(request)
    if service.settings.metrics_port is not None:
        raise NotFoundError("Not Found")
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    headers = {"Content-Type": content_type}
    # With several workers their files are read.
    content = await in_thread(None, encode, service.scraped)
    return Response(content, headers=headers)


@router.get(
    "/model",
    summary="The model that answers",
    dependencies=KNOWN,
    responses=problems(401, 429, 503),
)
async def model(request: Request) -> ModelDescription:
    recognizer = service_of(request).require_recognizer()
    spec = recognizer.spec
    return ModelDescription(
        name=spec.name,
        version=recognizer.version,
        decoder=recognizer.decoder_version,
        sandbox=recognizer.sandbox,
        labels=spec.labels,
        modalities=spec.modality_names,
        curve=tuple(_with_segments(point, spec) for point in spec.curve),
        spec=spec,
    )


def _with_segments(point: OperatingPoint, spec: ModelSpec) -> OperatingPoint:
    return point.model_copy(update={"segments": point.segments or spec.eval_segments})
