"""An answer in the shape of Google's Video Intelligence API, for clients that were written for it.

https://cloud.google.com/video-intelligence/docs/reference/rest/v1/AnnotateVideoResponse: label
detection only. Which of our fields becomes which of theirs is in docs/http-api.md.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from service.routes.responses import ClassifyAnswer, TimelineOut

# BCP 47's word for a language that nobody told: labels are the model's own.
UNDETERMINED = "und"


class _Google(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoSegment(_Google):
    """Protocol buffers' JSON of a duration: seconds with 0, 3 or 6 decimals, then "s"."""

    startTimeOffset: str  # noqa: N815
    endTimeOffset: str  # noqa: N815

    @classmethod
    def of(cls, start_seconds: float, end_seconds: float) -> VideoSegment:
        return cls(startTimeOffset=offset(start_seconds), endTimeOffset=offset(end_seconds))


class LabelSegment(_Google):
    segment: VideoSegment
    confidence: float


class Entity(_Google):
    entityId: str  # noqa: N815
    description: str
    languageCode: str = UNDETERMINED  # noqa: N815


class LabelAnnotation(_Google):
    entity: Entity
    segments: list[LabelSegment]


class AnnotationResult(_Google):
    """`segmentLabelAnnotations` are of the whole video, `shotLabelAnnotations` of its timeline."""

    segment: VideoSegment
    segmentLabelAnnotations: list[LabelAnnotation]  # noqa: N815
    shotLabelAnnotations: list[LabelAnnotation]  # noqa: N815


class GoogleAnswer(_Google):
    annotationResults: list[AnnotationResult]  # noqa: N815

    @classmethod
    def of(cls, answer: ClassifyAnswer) -> GoogleAnswer:
        whole = VideoSegment.of(0.0, answer.video.duration_seconds)
        result = AnnotationResult(
            segment=whole,
            segmentLabelAnnotations=[
                LabelAnnotation(
                    entity=_entity(answer, one.label, one.index),
                    segments=[LabelSegment(segment=whole, confidence=one.score)],
                )
                for one in answer.predictions
            ],
            shotLabelAnnotations=_shots(answer),
        )
        return cls(annotationResults=[result])


def offset(seconds: float) -> str:
    """0.0 is "0s", 1.28 is "1.280s", 14.833664 is "14.833664s"."""
    microseconds = round(seconds * 1e6)
    whole, rest = divmod(microseconds, 1_000_000)
    if rest == 0:
        return f"{whole}s"
    return f"{whole}.{rest // 1000:03}s" if rest % 1000 == 0 else f"{whole}.{rest:06}s"


def _shots(answer: ClassifyAnswer) -> list[LabelAnnotation]:
    """One annotation a label, in order of their first ranges; unknown ones are left out."""
    entries: dict[tuple[str, int], list[TimelineOut]] = {}
    for entry in answer.timeline:
        if entry.label is not None and entry.index is not None:
            entries.setdefault((entry.label, entry.index), []).append(entry)
    return [
        LabelAnnotation(
            entity=_entity(answer, label, index),
            segments=[
                LabelSegment(
                    segment=VideoSegment.of(one.start_seconds, one.end_seconds),
                    confidence=one.score,
                )
                for one in found
            ],
        )
        for (label, index), found in entries.items()
    ]


def _entity(answer: ClassifyAnswer, label: str, index: int) -> Entity:
    """Google's ids are of its Knowledge Graph; ours name the model and the label's number."""
    return Entity(entityId=f"{answer.model.name}/{index}", description=label)
