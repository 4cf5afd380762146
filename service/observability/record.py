"""RequestRecord: what one request did, gathered on its way and told once, when it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.requests import Request

from model.inference.classification import Classification

# No answer was sent: the client had left. The status is nginx's, for metrics and logs only.
CLIENT_CLOSED_REQUEST = 499


@dataclass(slots=True)
class RequestRecord:
    """`code` is the problem's code, `classification` what a 200 of /classify was made from."""

    request_id: str
    method: str
    route: str = "unknown"
    status: int = CLIENT_CLOSED_REQUEST
    code: str | None = None
    model_version: str | None = None
    classification: Classification | None = None
    bytes_received: int | None = None
    seconds_by_stage: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.perf_counter)

    def add_stage(self, stage: str, seconds: float) -> None:
        """May be called from the worker thread, for different stages."""
        self.seconds_by_stage[stage] = seconds

    def elapsed_seconds(self) -> float:
        return time.perf_counter() - self._start

    def server_timing(self) -> str:
        """The Server-Timing header: milliseconds by stage, in order of occurrence."""
        return ", ".join(
            f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in self.seconds_by_stage.items()
        )


def record_of(request: Request) -> RequestRecord:
    """The record that the observation middleware attached to `request`."""
    record: RequestRecord = request.state.record
    return record
