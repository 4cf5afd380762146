"""What the API's description cannot derive from the code: bodies and problems."""

from __future__ import annotations

from typing import Any

from service.problems.problems import KINDS, MEDIA_TYPE, Problem, ProtocolError

_BINARY = {"schema": {"type": "string", "format": "binary"}}
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
    "content": {"application/json": {"schema": {"type": "object"}}, "application/octet-stream": {}},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of the problems that a route answers, with their codes."""
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    codes = [code for code, kind in KINDS.items() if kind.status == status]
    description = "; ".join(f"`{code}`: {KINDS[code].title}" for code in codes)
    answer: dict[str, Any] = {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
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
