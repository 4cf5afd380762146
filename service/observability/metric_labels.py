"""The closed sets of label values: nothing that a client sends can add to them."""

from __future__ import annotations

from model.spec.model_spec import MODALITIES
from service.observability.record import CLIENT_CLOSED_REQUEST

CLASSIFY_ROUTE = "/classify"
INFER_ROUTE = "/v2/models/{name}/infer"
# Those that take videos.
CLASSIFYING_ROUTES = (CLASSIFY_ROUTE, INFER_ROUTE)
# What a route answers on purpose; an address that does not exist counts as "unknown".
_ANSWERED: dict[str, tuple[int, ...]] = {
    CLASSIFY_ROUTE: (200, 401, 405, 408, 413, 415, 422, 429, 503, 507),
    INFER_ROUTE: (200, 401, 404, 405, 408, 413, 415, 422, 429, 503, 507),
    "/admin/reload": (200, 401, 404, 405, 409, 503),
    "/v2": (200, 401, 405, 429),
    "/v2/health/live": (200, 405),
    "/v2/health/ready": (200, 405, 503),
    "/v2/models/{name}": (200, 401, 404, 405, 429, 503),
    "/v2/models/{name}/ready": (200, 404, 405, 503),
    "/v2/repository/index": (200, 401, 405, 429, 503),
    "/": (200, 304, 405),
    "/page/{name}": (200, 304, 404, 405),
    "/samples": (200, 405),
    "/samples/{name}": (200, 206, 304, 404, 405, 416),
    "/model": (200, 401, 405, 429, 503),
    "/livez": (200, 405),
    "/readyz": (200, 405, 503),
    "/metrics": (200, 401, 404, 405, 429),
    "/docs": (200, 304, 405),
    "/docs/{name}": (200, 304, 404, 405),
    "/openapi.json": (200, 405),
    "/jobs": (200, 202, 401, 405, 408, 413, 415, 422, 429, 503, 507),
    "/jobs/{job_id}": (200, 401, 404, 405, 429, 503),
    "/jobs/{job_id}/segments": (200, 401, 404, 405, 429, 503),
    "unknown": (404,),
}
# Any client may leave, and any route may have a bug.
STATUSES_BY_ROUTE = {
    route: (*statuses, CLIENT_CLOSED_REQUEST, 500) for route, statuses in _ANSWERED.items()
}
DEGRADED_LEVELS = ("1", "2", "3")
JOB_ENDS = ("succeeded", "failed", "cancelled")
STAGES = ("upload", "decode", "policy", "flow", "recognition", "total")
COMPONENTS = ("policy", *MODALITIES)
# A problem of those that take videos counts in one of these two, or is an internal_error.
DECODE_FAILURES = (
    "undecodable_video",
    "no_video_stream",
    "unsupported_codec",
    "video_too_long",
    "frame_too_large",
    "decode_timeout",
)
REJECTIONS = (
    "insufficient_storage",
    "deadline_exceeded",
    "upload_too_slow",
    "upload_too_large",
    "unsupported_media_type",
    "empty_upload",
    "budget_too_small",
    "too_many_segments",
    "invalid_parameter",
    "overloaded",
    "rate_limited",
    "unauthorized",
    "not_ready",
    "shutting_down",
)
