"""The query of /classify: what may be asked, within which ranges, and in which words it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, cast

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from model.classification import ClassifyOptions, PolicyMode
from model.errors import InvalidParameterError
from model.options import MAX_SEGMENTS, MAX_TOP_K, resolve
from model.spec import Modality, ModelSpec

ALLOWED: dict[str, str] = {
    "policy": "adaptive or all",
    "modalities": "a comma-separated subset of the model's modalities",
    "max_gflops": "a finite number above 0",
    "budget": "a number from 0 to 1",
    "segments": f"a whole number from 1 to {MAX_SEGMENTS}",
    "top_k": f"a whole number from 1 to {MAX_TOP_K}",
    "threshold": "a number from 0 to 1",
}
PARAMETER_NAMES = frozenset(ALLOWED)
_MAX_ECHO = 100


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
        )
        resolve(options, spec)
        return options


ClassifyQueryParameters = Annotated[ClassifyQuery, Query()]


def _modalities(received: str | None, existing: tuple[Modality, ...]) -> frozenset[Modality] | None:
    if received is None:
        return None
    names = [name.strip() for name in received.split(",")]
    if not set(names) <= set(existing):
        raise InvalidParameterError(
            f"modalities is {echo(received)}; this model has {','.join(existing)}"
        )
    return frozenset(cast("list[Modality]", names))


def refuse_repeated(query: Iterable[tuple[str, str]]) -> None:
    """Raises InvalidParameterError when a parameter is given twice: which one is meant?"""
    seen: set[str] = set()
    for name, _ in query:
        if name in seen:
            raise InvalidParameterError(f"{echo(name)} is given more than once")
        seen.add(name)


def describe_error(error: Mapping[str, Any]) -> str:
    """One of the validator's errors: the name, the value received, and what is allowed."""
    name = str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        return f"{echo(name)} is not a parameter; allowed: {', '.join(ALLOWED)}"
    allowed = ALLOWED.get(name, error["msg"])
    return f"{name} is {echo(error.get('input'))}; allowed: {allowed}"


def echo(received: object) -> str:
    """What came in, printable and short."""
    text = ascii(received)
    return text if len(text) <= _MAX_ECHO else f"{text[:_MAX_ECHO]}..."
