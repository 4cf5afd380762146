"""The access log: one line a request, with what was decided and what it cost."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from model.inference.classification import Classification
from service.observability.record import RequestRecord, count_decisions

logger = logging.getLogger(__name__)

# Probes and scrapes come every few seconds; unless they fail unexpectedly, no line each.
_QUIET_ROUTES = frozenset(
    {
        *("/livez", "/readyz", "/metrics"),
        *("/v2/health/live", "/v2/health/ready", "/v2/models/{name}/ready"),
    }
)


def is_quiet(record: RequestRecord) -> bool:
    return record.route in _QUIET_ROUTES and record.status != 500


def log_request(record: RequestRecord) -> None:
    level = logging.DEBUG if is_quiet(record) else logging.INFO
    if logger.isEnabledFor(level):
        logger.log(level, "request", extra={"fields": _fields(record)})


def _fields(record: RequestRecord) -> dict[str, object]:
    fields: dict[str, object] = {
        "request_id": record.request_id,
        "method": record.method,
        "route": record.route,
        "status": record.status,
        "code": record.code,
        "seconds": round(record.elapsed_seconds(), 6),
        "seconds_by_stage": {
            stage: round(seconds, 6) for stage, seconds in record.seconds_by_stage.items()
        },
        "bytes_received": record.bytes_received,
        "model_version": record.model_version,
        "key": record.key,
        "degraded_level": record.degraded_level or None,
    }
    if record.trace is not None and (exemplar := record.trace.exemplar):
        fields["trace_id"] = exemplar["trace_id"]
    if record.classifications:
        fields |= _answer_fields(record.classifications)
    return {name: value for name, value in fields.items() if value not in (None, {})}


def _answer_fields(answers: Sequence[Classification]) -> dict[str, object]:
    return {
        "decisions": {name: dict(counts) for name, counts in count_decisions(answers).items()},
        "gflops": sum(answer.compute.macs for answer in answers) / 1e9,
        "gflops_dense": sum(answer.compute.macs_dense for answer in answers) / 1e9,
        "video_seconds": sum(answer.video.duration_seconds for answer in answers),
    }
