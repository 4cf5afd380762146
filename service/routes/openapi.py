"""What the API's description cannot derive from the code: bodies and problems."""

from __future__ import annotations

from typing import Any

from service.problems.problems import KINDS, MEDIA_TYPE, Problem, ProtocolError

SCHEMAS = "#/components/schemas/"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_LINES = {"application/x-ndjson": {"schema": {"type": "string"}}}
_TENSOR = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "datatype": {"enum": ["BYTES", "FP32"]},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array"},
        "parameters": {"type": "object"},
    },
    "required": ["name", "datatype", "shape"],
}
CLASSIFY_REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "The video, as the form field `file` or as the body itself.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
        "video/*": _BINARY,
        "application/octet-stream": _BINARY,
    },
}

INFER_REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "One BYTES tensor `video`: base64 in JSON, or binary after the JSON, whose"
    " length the header Inference-Header-Content-Length then tells.",
    "content": {
        "application/json": {"schema": {"$ref": f"{SCHEMAS}InferRequest"}},
        "application/octet-stream": _BINARY,
    },
}

# Beside the document, which the route's own model describes.
CLASSIFY_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": _LINES, "description": "One document, or lines for those who accept them."}
}

FOLLOWED_JOB: dict[int | str, dict[str, Any]] = {200: {"content": _LINES}}

METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string"}}
            for kind in ("text/plain", "application/openmetrics-text")
        }
    }
}

INFER_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Output tensors; binary ones follow the JSON.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "model_name": {"type": "string"},
                        "model_version": {"type": "string"},
                        "outputs": {"type": "array", "items": _TENSOR},
                    },
                    "required": ["model_name", "model_version", "outputs"],
                }
            },
            "application/octet-stream": _BINARY,
        },
    }
}

# The framework's own words for ranges that it cannot send.
SAMPLE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": _BINARY}},
    206: {
        "description": "The bytes that were asked for.",
        "content": {"video/mp4": _BINARY, "multipart/byteranges": _BINARY},
    },
    400: {"description": "No range in sense.", "content": {"text/plain": {}}},
    416: {"description": "No such bytes.", "content": {"text/plain": {}}},
}

RANGE_HEADER: dict[str, Any] = {
    "name": "Range",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^bytes=", "examples": ["bytes=0-99"]},
}

TIMEOUT_HEADER: dict[str, Any] = {
    "name": "X-Request-Timeout-Seconds",
    "in": "header",
    "required": False,
    "description": "The answer is of no use later; it only shortens the service's own deadline.",
    "schema": {"type": "number", "exclusiveMinimum": 0},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of the problems that a route answers, with their codes."""
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    codes = [code for code, kind in KINDS.items() if kind.status == status]
    description = "; ".join(f"`{code}`: {KINDS[code].title}" for code in codes)
    answer: dict[str, Any] = {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}}},
    }
    if status in (429, 503):
        header = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
        answer["headers"] = {"Retry-After": header}
    return answer


def protocol_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same, in the form that they have under /v2."""
    schema = ProtocolError.model_json_schema()
    answers = problems(*statuses)
    for answer in answers.values():
        answer["content"] = {"application/json": {"schema": schema}}
    return answers
