"""What the service answers, as docs/http-api.md has it; fields it learns later stay."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Modality = Literal["rgb", "flow", "audio"]


class Model(TypedDict):
    name: str
    version: str


class Prediction(TypedDict):
    label: str
    index: int
    score: float


class ModalityDecision(TypedDict):
    """`probability` is the policy's of keeping it; None where there was nothing to decide."""

    decision: Literal["selected", "skipped", "unavailable"]
    probability: float | None


class Segment(TypedDict):
    """`gflops` in 1e9 multiply-adds; `reason` only of one that could not be decoded."""

    index: int
    start_seconds: float
    end_seconds: float
    gflops: float
    modalities: dict[Modality, ModalityDecision]
    predictions: list[Prediction]
    reason: NotRequired[str]


class Video(TypedDict):
    duration_seconds: float
    width: int
    height: int
    frame_rate: float
    container: str
    video_codec: str
    audio_codec: str | None
    rotation_degrees: int


class Compute(TypedDict):
    gflops: float
    gflops_dense: float
    gflops_saved_ratio: float
    gflops_by_component: dict[str, float]
    flow_pairs_computed: int
    flow_pairs_avoided: int
    seconds_by_stage: dict[str, float]


class Policy(TypedDict):
    mode: Literal["adaptive", "all"]
    threshold: float
    max_gflops: float | None
    budget: float | None


class Warned(TypedDict):
    code: str
    detail: str


class TimelineEntry(TypedDict):
    start_seconds: float
    end_seconds: float
    label: str | None
    index: int | None
    score: float


class Answer(TypedDict):
    """Of `POST /classify`."""

    request_id: str
    model: Model
    video: Video
    predictions: list[Prediction]
    segments: list[Segment]
    compute: Compute
    policy: Policy
    warnings: list[Warned]
    timeline: list[TimelineEntry]


class SegmentEvent(Segment):
    type: Literal["segment"]


class ResultEvent(Answer):
    type: Literal["result"]


Event = SegmentEvent | ResultEvent


class Progress(TypedDict):
    segments_done: int
    segments: int | None
    seconds_done: float
    video_seconds: float | None
    gflops: float


class Job(TypedDict):
    """Times are of RFC 3339. `result` comes with `GET /jobs/{id}` once the job has succeeded."""

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    place: int | None
    progress: Progress
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str | None
    attempts: int
    problem: dict[str, Any] | None
    result: NotRequired[Answer | None]


class JobPage(TypedDict):
    jobs: list[Job]
    next: str | None


class Parameters(TypedDict, total=False):
    """Of `POST /classify` and `POST /jobs`; what is absent takes the model's default."""

    policy: Literal["adaptive", "all"]
    modalities: str
    budget: float
    max_gflops: float
    segments: int
    threshold: float
    top_k: int
    every_seconds: float
    window_seconds: float
    min_score: float
