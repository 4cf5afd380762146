"""Problems (RFC 9457): the one table from error code to status, and the answer made from it."""

from __future__ import annotations

from typing import NamedTuple

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"
PROTOCOL_PATH = "/v2"


class ProblemKind(NamedTuple):
    status: int
    title: str


KINDS: dict[str, ProblemKind] = {
    "unauthorized": ProblemKind(401, "The key is missing or wrong"),
    "not_found": ProblemKind(404, "There is nothing at this address"),
    "job_not_found": ProblemKind(404, "There is no such job"),
    "method_not_allowed": ProblemKind(405, "This address does not take that method"),
    "model_not_loaded": ProblemKind(409, "The model's file does not load"),
    "deadline_exceeded": ProblemKind(408, "The request took too long"),
    "upload_too_slow": ProblemKind(408, "The upload came too slowly"),
    "upload_too_large": ProblemKind(413, "The upload is too large"),
    "unsupported_media_type": ProblemKind(415, "The body's media type is not accepted"),
    "empty_upload": ProblemKind(422, "The upload is empty"),
    "undecodable_video": ProblemKind(422, "The video cannot be decoded"),
    "no_video_stream": ProblemKind(422, "The file has no video stream"),
    "unsupported_codec": ProblemKind(422, "The video's format or codec is not supported"),
    "video_too_long": ProblemKind(422, "The video is too long"),
    "frame_too_large": ProblemKind(422, "The video's frames are too large"),
    "decode_timeout": ProblemKind(422, "Decoding the video took too long"),
    "budget_too_small": ProblemKind(422, "The compute budget is too small"),
    "too_many_segments": ProblemKind(
        422, "Too many segments for one answer; POST /jobs takes more"
    ),
    "invalid_parameter": ProblemKind(422, "A parameter is not valid"),
    "idempotency_key_reused": ProblemKind(422, "The Idempotency-Key belongs to another request"),
    "worker_lost": ProblemKind(500, "The processes that worked on the job ended"),
    "overloaded": ProblemKind(429, "Too many requests are waiting"),
    "rate_limited": ProblemKind(429, "The key has used up what it may take for now"),
    "internal_error": ProblemKind(500, "Something went wrong inside the service"),
    "not_ready": ProblemKind(503, "The service is still starting"),
    "jobs_unavailable": ProblemKind(503, "This service takes no jobs"),
    "shutting_down": ProblemKind(503, "The service is shutting down"),
    "insufficient_storage": ProblemKind(507, "There is no room for the upload"),
}


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(examples=["urn:adamml:problem:undecodable_video"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["undecodable_video"], description="Stable; meant for programs.")
    request_id: str


def problem_response(
    code: str, detail: str, *, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    """Raises KeyError for a code that the table does not know: that is a bug."""
    problem = problem_of(code, detail, request_id)
    content = problem.model_dump_json().encode()
    return Response(content, problem.status, headers=headers, media_type=MEDIA_TYPE)


def problem_of(code: str, detail: str, request_id: str) -> Problem:
    """Raises KeyError as `problem_response`."""
    kind = KINDS[code]
    return Problem(
        type=f"urn:adamml:problem:{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        request_id=request_id,
    )


class ProtocolError(BaseModel):
    """The body of an error under /v2, where the Open Inference Protocol says what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: str = Field(examples=["undecodable_video: no frame can be read"])


def refusal(
    path: str, code: str, detail: str, *, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    """A problem, or what the protocol of the address `path` has in its place."""
    if path != PROTOCOL_PATH and not path.startswith(f"{PROTOCOL_PATH}/"):
        return problem_response(code, detail, request_id=request_id, headers=headers)
    content = ProtocolError(error=f"{code}: {detail}").model_dump_json().encode()
    return Response(content, KINDS[code].status, headers=headers, media_type="application/json")


def code_of_status(status: int) -> str:
    """For errors of the framework, which have a status alone."""
    by_status = {404: "not_found", 405: "method_not_allowed"}
    unknown = "invalid_parameter" if status < 500 else "internal_error"
    return by_status.get(status, unknown)
