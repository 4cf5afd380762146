"""Job: what is known of one video that waits, is classified, or has been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
FINISHED: tuple[JobState, ...] = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    """Times are Unix seconds. `options` is the query of the request as JSON; `digest` tells whether
    two requests are the same. `attempts` counts the processes that began it."""

    id: str
    state: JobState
    options: str
    digest: str
    key: str | None
    request_id: str
    upload_bytes: int
    created: float
    started: float | None
    finished: float | None
    attempts: int
    is_cancelled: bool
    segments_done: int
    segments: int | None
    seconds_done: float
    video_seconds: float | None
    gflops: float
    code: str | None
    detail: str | None

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class NewJob:
    id: str
    options: str
    digest: str
    key: str | None
    request_id: str
    upload_bytes: int


@dataclass(slots=True)
class Progress:
    """Grows while a job runs."""

    segments_done: int = 0
    segments: int | None = None
    seconds_done: float = 0.0
    video_seconds: float | None = None
    gflops: float = 0.0
