"""The options of a request, checked against the model and completed with its defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from model.classification import ClassifyOptions, PolicyMode
from model.errors import InvalidParameterError
from model.spec import Modality, ModelSpec

MAX_SEGMENTS = 64
MAX_TOP_K = 100


@dataclass(frozen=True, slots=True)
class ResolvedOptions:
    """ClassifyOptions without gaps; `allowed` has one flag per modality of the spec."""

    policy: PolicyMode
    allowed: tuple[bool, ...]
    max_gflops: float | None
    segments: int
    threshold: float
    top_k: int


def resolve(options: ClassifyOptions, spec: ModelSpec) -> ResolvedOptions:
    """Raises InvalidParameterError naming the option, its value and what is allowed."""
    _require(options.policy in get_args(PolicyMode), "policy", options.policy, "adaptive or all")
    segments = spec.eval_segments if options.segments is None else options.segments
    _require(1 <= segments <= MAX_SEGMENTS, "segments", segments, f"1 to {MAX_SEGMENTS}")
    threshold = spec.threshold if options.threshold is None else options.threshold
    _require(0 <= threshold <= 1, "threshold", threshold, "0 to 1")
    _require(1 <= options.top_k <= MAX_TOP_K, "top_k", options.top_k, f"1 to {MAX_TOP_K}")
    ceiling = options.max_gflops
    positive = ceiling is None or (math.isfinite(ceiling) and ceiling > 0)
    _require(positive, "max_gflops", ceiling, "a finite number above 0")
    return ResolvedOptions(
        policy=options.policy,
        allowed=_allowed(options.modalities, spec.modality_names),
        max_gflops=ceiling,
        segments=segments,
        threshold=threshold,
        top_k=min(options.top_k, len(spec.labels)),
    )


def _allowed(
    wanted: frozenset[Modality] | None, existing: tuple[Modality, ...]
) -> tuple[bool, ...]:
    if wanted is None:
        return (True,) * len(existing)
    usable = bool(wanted) and wanted <= set(existing)
    _require(usable, "modalities", sorted(wanted), f"any of {', '.join(existing)}")
    return tuple(name in wanted for name in existing)


def _require(condition: bool, name: str, received: object, allowed: str) -> None:
    if not condition:
        raise InvalidParameterError(f"{name} is {received!r}; allowed: {allowed}")
