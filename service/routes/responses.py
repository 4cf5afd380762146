"""The answer of /classify as the HTTP contract fixes it, made from a Classification."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from model.common.errors import AnswerWarning
from model.inference.classification import (
    Classification,
    Compute,
    Decision,
    PolicyMode,
    Prediction,
    SegmentResult,
    TimelineEntry,
)
from model.inputs.probing.video_info import VideoInfo
from model.spec.model_spec import MODALITIES, Modality

_MACS_PER_GFLOP = 1e9


def _is_none(value: object) -> bool:
    return value is None


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelOut(_Answer):
    name: str
    version: str = Field(description="First digits of the SHA-256 of the model's file.")


class VideoOut(_Answer):
    """Width and height are as shown, after the rotation."""

    duration_seconds: float
    width: int
    height: int
    frame_rate: float
    container: str
    video_codec: str
    audio_codec: str | None
    rotation_degrees: int

    @classmethod
    def of(cls, video: VideoInfo) -> VideoOut:
        return cls(**{name: getattr(video, name) for name in cls.model_fields})


class PredictionOut(_Answer):
    label: str
    index: int
    score: float

    @classmethod
    def of(cls, prediction: Prediction) -> PredictionOut:
        return cls(label=prediction.label, index=prediction.index, score=prediction.score)


class ModalityOut(_Answer):
    """`probability` is the policy's, null where it was not asked."""

    decision: Decision
    probability: float | None


class SegmentOut(_Answer):
    """`gflops` are what the segment cost, its share of the policy included. `reason`, of one that
    could not be decoded, is left out elsewhere."""

    index: int
    start_seconds: float
    end_seconds: float
    gflops: float
    modalities: dict[Modality, ModalityOut]
    predictions: list[PredictionOut]
    reason: str | None = Field(default=None, exclude_if=_is_none)

    @classmethod
    def of(cls, segment: SegmentResult) -> SegmentOut:
        decided = segment.modalities
        return cls(
            index=segment.index,
            start_seconds=segment.start_seconds,
            end_seconds=segment.end_seconds,
            gflops=segment.macs / _MACS_PER_GFLOP,
            modalities={
                name: ModalityOut(
                    decision=decided[name].decision, probability=decided[name].probability
                )
                for name in MODALITIES
                if name in decided
            },
            predictions=[PredictionOut.of(prediction) for prediction in segment.predictions],
            reason=segment.reason,
        )


class TimelineOut(_Answer):
    """Neighbouring segments of one label; null where none scores `min_score`."""

    start_seconds: float
    end_seconds: float
    label: str | None
    index: int | None
    score: float

    @classmethod
    def of(cls, entry: TimelineEntry) -> TimelineOut:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class ComputeOut(_Answer):
    """1e9 multiply-adds, as spent; `gflops_dense` is what running everything would have taken."""

    gflops: float
    gflops_dense: float
    gflops_saved_ratio: float
    gflops_by_component: dict[str, float]
    flow_pairs_computed: int
    flow_pairs_avoided: int
    seconds_by_stage: dict[str, float]

    @classmethod
    def of(cls, compute: Compute) -> ComputeOut:
        return cls(
            gflops=compute.macs / _MACS_PER_GFLOP,
            gflops_dense=compute.macs_dense / _MACS_PER_GFLOP,
            gflops_saved_ratio=compute.saved_ratio,
            gflops_by_component={
                name: compute.macs_by_component[name] / _MACS_PER_GFLOP
                for name in ("policy", *MODALITIES)
                if name in compute.macs_by_component
            },
            flow_pairs_computed=compute.flow_pairs_computed,
            flow_pairs_avoided=compute.flow_pairs_avoided,
            seconds_by_stage={
                stage: round(seconds, 6) for stage, seconds in compute.seconds_by_stage.items()
            },
        )


class PolicyOut(_Answer):
    """`threshold` is the one that was used, whoever chose it."""

    mode: PolicyMode
    threshold: float
    max_gflops: float | None
    budget: float | None


class WarningOut(_Answer):
    code: str
    detail: str

    @classmethod
    def of(cls, warning: AnswerWarning) -> WarningOut:
        return cls(code=warning.code, detail=warning.detail)


class ClassifyAnswer(_Answer):
    """The label, the choices behind it, and the compute that was spent on them."""

    request_id: str
    model: ModelOut
    video: VideoOut
    predictions: list[PredictionOut] = Field(description="Most likely label first.")
    segments: list[SegmentOut]
    compute: ComputeOut
    policy: PolicyOut
    warnings: list[WarningOut]
    timeline: list[TimelineOut] = Field(description="From 0 to the end of the video, no gaps.")

    @classmethod
    def of(cls, result: Classification, *, request_id: str, model: ModelOut) -> ClassifyAnswer:
        return cls(
            request_id=request_id,
            model=model,
            video=VideoOut.of(result.video),
            predictions=[PredictionOut.of(prediction) for prediction in result.predictions],
            segments=[SegmentOut.of(segment) for segment in result.segments],
            compute=ComputeOut.of(result.compute),
            policy=PolicyOut(
                mode=result.policy,
                threshold=result.threshold,
                max_gflops=result.max_gflops,
                budget=result.budget,
            ),
            warnings=[WarningOut.of(warning) for warning in result.warnings],
            timeline=[TimelineOut.of(entry) for entry in result.timeline],
        )
