"""What the classifier answers, and what it can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from model.common.errors import AnswerWarning
from model.inputs.probing.video_info import VideoInfo
from model.spec.model_spec import Modality

Decision = Literal["selected", "skipped", "unavailable"]
PolicyMode = Literal["adaptive", "all"]
# Told what the file is, and of how many segments the answer will be.
OnOpened = Callable[[VideoInfo, int], None]


@dataclass(frozen=True, slots=True)
class ClassifyOptions:
    """Ranges are those of the HTTP contract; None means the model's own default.

    policy: "all" runs every allowed and available modality and no policy network.
    modalities: the subset that may be selected. max_gflops: a hard ceiling on all multiply-adds
    of the answer, in 1e9. segments: 1..64. threshold: a modality is kept when p(keep) exceeds it.
    budget: 0..1, the share of the dense cost that the mean video may take; the model's measured
    curve then tells threshold and segments. `max_gflops` has it do so too when it comes alone.
    every_seconds: 0.5..3600, one segment each so many seconds over the whole video, instead of
    `segments`; the video is then judged in windows of `window_seconds`. min_score: 0..1, below it
    the timeline names no label.
    """

    policy: PolicyMode = "adaptive"
    modalities: frozenset[Modality] | None = None
    max_gflops: float | None = None
    segments: int | None = None
    threshold: float | None = None
    budget: float | None = None
    top_k: int = 5
    every_seconds: float | None = None
    window_seconds: float | None = None
    min_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    label: str
    index: int
    score: float


@dataclass(frozen=True, slots=True)
class ModalityDecision:
    decision: Decision
    probability: float | None


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """One segment; `macs` are multiply-adds, its share of the policy included.

    `reason`: why it could not be decoded; there are no predictions then.
    """

    index: int
    start_seconds: float
    end_seconds: float
    macs: int
    modalities: dict[Modality, ModalityDecision]
    predictions: tuple[Prediction, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Neighbouring segments of one label; `label` and `index` None: unknown."""

    start_seconds: float
    end_seconds: float
    label: str | None
    index: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Compute:
    """Multiply-adds spent, exact; components are "policy" and the modalities' names."""

    macs_by_component: dict[str, int]
    macs_dense: int
    flow_pairs_computed: int
    flow_pairs_avoided: int
    seconds_by_stage: dict[str, float]

    @property
    def macs(self) -> int:
        return sum(self.macs_by_component.values())

    @property
    def saved_ratio(self) -> float:
        """1 - spent / dense; negative when the policy cost more than it saved, 0 without dense."""
        return 1.0 - self.macs / self.macs_dense if self.macs_dense else 0.0


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer for one video; predictions are sorted by score, highest first. `timeline` covers
    it from 0 to its end."""

    video: VideoInfo
    predictions: tuple[Prediction, ...]
    segments: tuple[SegmentResult, ...]
    compute: Compute
    policy: PolicyMode
    threshold: float
    max_gflops: float | None
    budget: float | None
    warnings: tuple[AnswerWarning, ...]
    timeline: tuple[TimelineEntry, ...] = ()
