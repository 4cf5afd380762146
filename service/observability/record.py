"""RequestRecord: what one request did, gathered on its way and told once, when it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request

from model.inference.classification import Classification

# No answer was sent: the client had left. The status is nginx's, for metrics and logs only.
CLIENT_CLOSED_REQUEST = 499


class RequestTrace(Protocol):
    """One request's place in a trace, which its client may have begun."""

    @property
    def headers(self) -> Mapping[str, str]:
        """For the answer: W3C's `traceparent` of this request."""
        ...

    @property
    def exemplar(self) -> dict[str, str] | None:
        """Trace and span, for metrics and log lines; None where the trace is not kept."""
        ...

    def end(self, record: RequestRecord) -> None: ...


@dataclass(slots=True)
class RequestRecord:
    """`code` is the problem's code, `key` the name of the client's key, `classifications` what the
    answer was made from."""

    request_id: str
    method: str
    route: str = "unknown"
    status: int = CLIENT_CLOSED_REQUEST
    code: str | None = None
    model_version: str | None = None
    key: str | None = None
    classifications: list[Classification] = field(default_factory=list)
    bytes_received: int | None = None
    degraded_level: int = 0
    # Of segments that were decided, whether an answer came of them or not.
    macs_of_segments: int = 0
    trace: RequestTrace | None = None
    seconds_by_stage: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.perf_counter)

    def add_stage(self, stage: str, seconds: float) -> None:
        """Adds up over a request's videos. May be called from the worker thread."""
        self.seconds_by_stage[stage] = self.seconds_by_stage.get(stage, 0.0) + seconds

    @property
    def macs(self) -> int:
        """Multiply-adds that the answer took, or that were seen to be spent without one."""
        answered = sum(answer.compute.macs for answer in self.classifications)
        return max(answered, self.macs_of_segments)

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


def count_decisions(answers: Iterable[Classification]) -> dict[str, Counter[str]]:
    """By modality, for example {"rgb": {"selected": 4, "skipped": 6}}."""
    decisions: dict[str, Counter[str]] = {}
    for answer in answers:
        for segment in answer.segments:
            for modality, outcome in segment.modalities.items():
                decisions.setdefault(modality, Counter())[outcome.decision] += 1
    return decisions
