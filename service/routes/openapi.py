"""What the API's description cannot derive from the code: bodies and problems."""

from __future__ import annotations

from typing import Any

from service.problems.problems import KINDS, MEDIA_TYPE, Problem

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
