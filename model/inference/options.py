"""The options of a request, checked against the model and completed with its defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from model.common.errors import InvalidParameterError
from model.inference.classification import ClassifyOptions, PolicyMode
from model.inference.operating_points import choose_point, point_for_segments
from model.inputs.placement.sampling import NetworksInUse
from model.spec.model_spec import Modality, ModelSpec

MAX_SEGMENTS = 64
# With `every_seconds`; more no answer has.
MAX_STREAM_SEGMENTS = 50_000
MAX_TOP_K = 100
MIN_EVERY_SECONDS, MAX_EVERY_SECONDS = 0.5, 3600.0


@dataclass(frozen=True, slots=True)
class ResolvedOptions:
    """ClassifyOptions without gaps; `allowed` has one flag per modality of the spec. With
    `every_seconds` the video's length tells the number of segments."""

    policy: PolicyMode
    allowed: tuple[bool, ...]
    max_gflops: float | None
    budget: float | None
    segments: int
    threshold: float
    top_k: int
    every_seconds: float | None = None
    window_seconds: float = 0.0
    min_score: float = 0.0


def resolve(options: ClassifyOptions, spec: ModelSpec) -> ResolvedOptions:
    """Threshold and segments as asked for, else of a point of the curve, else the spec's.

    Raises:
        InvalidParameterError: names the option, its value and what is allowed.
        BudgetTooSmallError: `budget` is below the curve.
    """
    _require(options.policy in get_args(PolicyMode), "policy", options.policy, "adaptive or all")
    _require_range("segments", options.segments, 1, MAX_SEGMENTS)
    _require_range("threshold", options.threshold, 0, 1)
    _require_range("budget", options.budget, 0, 1)
    _require_range("every_seconds", options.every_seconds, MIN_EVERY_SECONDS, MAX_EVERY_SECONDS)
    _require_range("window_seconds", options.window_seconds, MIN_EVERY_SECONDS, MAX_EVERY_SECONDS)
    _require_range("min_score", options.min_score, 0, 1)
    _require_stream(options)
    _require(1 <= options.top_k <= MAX_TOP_K, "top_k", options.top_k, f"1 to {MAX_TOP_K}")
    ceiling = options.max_gflops
    positive = ceiling is None or (math.isfinite(ceiling) and ceiling > 0)
    _require(positive, "max_gflops", ceiling, "a finite number above 0")
    allowed = _allowed(options.modalities, spec.modality_names)
    threshold, segments = _setting(options, spec)
    return ResolvedOptions(
        policy=options.policy,
        allowed=allowed,
        max_gflops=ceiling,
        budget=options.budget,
        segments=segments,
        threshold=threshold,
        top_k=min(options.top_k, len(spec.labels)),
        every_seconds=options.every_seconds,
        window_seconds=options.window_seconds or spec.window_seconds,
        min_score=options.min_score,
    )


def networks_in_use(options: ResolvedOptions, spec: ModelSpec) -> NetworksInUse:
    """What has to be decoded: no probability exceeds a threshold of 1, and with an exit head
    nothing must be recognized."""
    adaptive = options.policy == "adaptive"
    has_exit = spec.num_fused > len(spec.modalities)
    names = (n for n, may in zip(spec.modality_names, options.allowed, strict=True) if may)
    none = adaptive and has_exit and options.threshold >= 1
    return NetworksInUse(spec, adaptive, frozenset() if none else frozenset(names))


def _require_stream(options: ClassifyOptions) -> None:
    """What only a stream of segments can have, and what it cannot."""
    every = options.every_seconds
    if every is not None and options.segments is not None:
        raise InvalidParameterError(
            f"every_seconds and segments are both given ({every!r}, {options.segments!r}); allowed"
            " is one of them"
        )
    if every is None and options.window_seconds is not None:
        raise InvalidParameterError(
            f"window_seconds is {options.window_seconds!r} without every_seconds, which it needs"
        )


def _setting(options: ClassifyOptions, spec: ModelSpec) -> tuple[float, int]:
    """Threshold and number of segments; the latter does not count with `every_seconds`."""
    if options.every_seconds is not None and options.budget is not None:
        _require_free_choice(options, spec)
        return point_for_segments(spec, options.budget).threshold, spec.default_segments
    if options.every_seconds is None and _leaves_it_to_the_curve(options, spec):
        point = choose_point(spec, budget=options.budget, max_gflops=options.max_gflops)
        return point.threshold, point.segments or spec.eval_segments
    threshold = spec.threshold if options.threshold is None else options.threshold
    return threshold, options.segments or spec.default_segments


def _leaves_it_to_the_curve(options: ClassifyOptions, spec: ModelSpec) -> bool:
    if options.budget is not None:
        _require_free_choice(options, spec)
        return True
    free = options.threshold is None and options.segments is None
    adapts = options.policy == "adaptive" and bool(spec.curve)
    return options.max_gflops is not None and free and adapts


def _require_free_choice(options: ClassifyOptions, spec: ModelSpec) -> None:
    received = f"budget is {options.budget!r}"
    if not spec.curve:
        raise InvalidParameterError(
            f"{received}, but the model {spec.name!r} has no measured curve to choose from"
        )
    if options.policy == "all":
        raise InvalidParameterError(
            f"{received} and policy is 'all', which runs everything; allowed with it: adaptive"
        )
    for name in ("threshold", "segments"):
        if (value := getattr(options, name)) is not None:
            raise InvalidParameterError(
                f"budget and {name} are both given ({options.budget!r}, {value!r});"
                f" a budget chooses the {name} itself"
            )


def _allowed(
    wanted: frozenset[Modality] | None, existing: tuple[Modality, ...]
) -> tuple[bool, ...]:
    if wanted is None:
        return (True,) * len(existing)
    usable = bool(wanted) and wanted <= set(existing)
    _require(usable, "modalities", sorted(wanted), f"any of {', '.join(existing)}")
    return tuple(name in wanted for name in existing)


def _require_range(name: str, received: float | None, least: float, most: float) -> None:
    allowed = received is None or least <= received <= most
    _require(allowed, name, received, f"{least} to {most}")


def _require(condition: bool, name: str, received: object, allowed: str) -> None:
    if not condition:
        raise InvalidParameterError(f"{name} is {received!r}; allowed: {allowed}")
