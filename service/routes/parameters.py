"""The query of /classify: what may be asked, within which ranges."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from model.common.errors import InvalidParameterError
from model.inference.classification import ClassifyOptions, PolicyMode
from model.inference.options import (
    MAX_EVERY_SECONDS,
    MAX_SEGMENTS,
    MAX_TOP_K,
    MIN_EVERY_SECONDS,
    resolve,
)
from model.spec.model_spec import Modality, ModelSpec
from service.problems.parameter_errors import ALLOWED, echo


class ClassifyQuery(BaseModel):
    """Absent parameters take the model's own defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    policy: PolicyMode = Field(
        default="adaptive",
        description="adaptive: the policy decides, segment by segment, what is computed."
        " all: everything allowed and available is.",
    )
    modalities: str | None = Field(
        default=None,
        description=f"Only these may be selected: {ALLOWED['modalities']}.",
        examples=["rgb,audio"],
        max_length=200,
    )
    max_gflops: float | None = Field(
        default=None,
        gt=0,
        description="Hard ceiling on the multiply-adds of the whole answer, in 1e9."
        " Without threshold and segments, a point of the model's curve is chosen for it.",
    )
    budget: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of the cost of computing everything that the mean video may take: the"
        " most accurate point of the model's curve within it tells threshold and segments.",
    )
    segments: int | None = Field(
        default=None, ge=1, le=MAX_SEGMENTS, description="Segments to place over the video."
    )
    top_k: int = Field(default=5, ge=1, le=MAX_TOP_K, description="Labels to name, best first.")
    threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="A modality is kept where its probability of being worth it exceeds this.",
    )

    every_seconds: float | None = Field(
        default=None,
        ge=MIN_EVERY_SECONDS,
        le=MAX_EVERY_SECONDS,
        description="One segment each so many seconds over the whole video, instead of `segments`.",
    )
    window_seconds: float | None = Field(
        default=None,
        ge=MIN_EVERY_SECONDS,
        le=MAX_EVERY_SECONDS,
        description="With `every_seconds`: the video is judged in windows of at most this length.",
    )
    min_score: float = Field(
        default=0.0, ge=0, le=1, description="The timeline names no label that scores less."
    )

    def options(self, spec: ModelSpec) -> ClassifyOptions:
        """Raises what `resolve` raises: before the upload, instead of after it."""
        options = ClassifyOptions(
            policy=self.policy,
            modalities=_modalities(self.modalities, spec.modality_names),
            max_gflops=self.max_gflops,
            segments=self.segments,
            threshold=self.threshold,
            budget=self.budget,
            top_k=self.top_k,
            every_seconds=self.every_seconds,
            window_seconds=self.window_seconds,
            min_score=self.min_score,
        )
        resolve(options, spec)
        return options


AnswerFormat = Literal["adamml", "google"]


class AnswerQuery(ClassifyQuery):
    """Of an answer that comes at once, its shape as well."""

    format: AnswerFormat = Field(
        default="adamml",
        description="google: label annotations as of Google's Video Intelligence API.",
    )


ClassifyQueryParameters = Annotated[ClassifyQuery, Query()]
AnswerQueryParameters = Annotated[AnswerQuery, Query()]


def _modalities(received: str | None, existing: tuple[Modality, ...]) -> frozenset[Modality] | None:
    if received is None:
        return None
    names = [name.strip() for name in received.split(",")]
    if not set(names) <= set(existing):
        raise InvalidParameterError(
            f"modalities is {echo(received)}; this model has {','.join(existing)}"
        )
    return frozenset(cast("list[Modality]", names))
