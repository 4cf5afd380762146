"""GET /samples: clips of our own making, for visitors of the page who have none at hand."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from service.problems.errors import NotFoundError
from service.routes.openapi import RANGE_HEADER, SAMPLE_ANSWERS, problems
from service.samples.clips import SAMPLES, Sample, bundled_clip

router = APIRouter()


class SampleOut(BaseModel):
    """`name` is the file's, and the address below /samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    description: str
    seconds: float
    bytes: int

    @classmethod
    def of(cls, sample: Sample) -> SampleOut:
        path = bundled_clip(sample.name)
        return cls(
            name=sample.name,
            title=sample.title,
            description=sample.description,
            seconds=sample.seconds,
            bytes=path.stat().st_size if path else 0,
        )


class SamplesOut(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: tuple[SampleOut, ...]


@router.get("/samples", summary="Clips to try the service with")
def list_samples() -> SamplesOut:
    return SamplesOut(samples=tuple(SampleOut.of(sample) for sample in SAMPLES))


@router.get(
    "/samples/{name}",
    summary="One of the clips",
    response_class=FileResponse,
    responses={**SAMPLE_ANSWERS, **problems(404, 422)},
    openapi_extra={"parameters": [RANGE_HEADER]},
)
def sample_clip(name: str) -> FileResponse:
    path = bundled_clip(name)
    if path is None:
        raise NotFoundError(f"there is no sample {name[:40]!a}; GET /samples names them")
    return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "no-cache"})
