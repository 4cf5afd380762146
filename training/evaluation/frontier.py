"""The accuracy/compute curve of adaptive inference beside every choice that looks at no video."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from model.inference.operating_points import promise
from model.runtime.base import Runtime
from model.spec.model_spec import OperatingPoint
from training.data.sources.sample import Sample
from training.evaluation.evaluate import (
    Outputs,
    Score,
    compute_outputs,
    score_adaptive,
    score_fixed,
)
from training.evaluation.report import Report, report_on

# Looking at fewer segments is a choice that needs no policy either.
STATIC_SEGMENTS = (1, 2, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Static:
    """Always these modalities, of that many segments, and no policy."""

    modalities: tuple[str, ...]
    segments: int
    score: Score


@dataclass(frozen=True, slots=True)
class Measured:
    """A point of the model's curve: what validation promised, and what came out."""

    promised: OperatingPoint
    score: Score

    @property
    def verdict(self) -> str:
        """Whether the measured accuracy lies within the promise's interval: yes, above or below;
        "-" for a promise without one."""
        return within(self.promised, self.score.accuracy)

    def as_dict(self) -> dict[str, object]:
        """The promise, and the figures that came of it."""
        return {
            "promised": self.promised.model_dump(),
            "accuracy": self.score.accuracy,
            "gflops": self.score.gflops,
            "within": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Frontier:
    """`served` is the report of the point that is served by default."""

    served: Report
    static: tuple[Static, ...]
    adaptive: tuple[Measured, ...]

    def best_static(self, gflops: float) -> Static | None:
        """The most accurate static choice that takes no more; None where all take more."""
        affordable = [one for one in self.static if one.score.gflops <= gflops]
        if not affordable:
            return None
        return max(affordable, key=lambda one: (one.score.accuracy, -one.score.gflops))

    def as_dict(self) -> dict[str, object]:
        return {
            "served": self.served.as_dict(),
            "static": [
                {
                    "modalities": one.modalities,
                    "segments": one.segments,
                    "score": one.score.as_dict(),
                }
                for one in self.static
            ],
            "adaptive": [
                {"promised": one.promised.model_dump(), "measured": one.score.as_dict()}
                for one in self.adaptive
            ],
        }

    def as_table(self) -> str:
        """Markdown: the report, then every point of the curve beside the best static choice."""
        lines = [
            self.served.as_table(),
            "",
            "| promised GFLOPs | measured | promised top-1 | measured | within"
            " | best static choice at that cost | its top-1 |",
            "|---|---|---|---|---|---|---|",
        ]
        for one in self.adaptive:
            static = self.best_static(one.score.gflops)
            beside = "none | "
            if static is not None:
                name = f"{'+'.join(static.modalities)}, {static.segments} segments"
                beside = f"{name} | {static.score.accuracy:.1%}"
            lines.append(
                f"| {one.promised.gflops:.2f} | {one.score.gflops:.2f}"
                f" | {promise(one.promised)} | {one.score.accuracy:.1%} | {one.verdict}"
                f" | {beside} |"
            )
        return "\n".join(lines)


def measure_frontier(
    runtime: Runtime, samples: Sequence[Sample], *, segments: Sequence[int] = STATIC_SEGMENTS
) -> Frontier:
    """Run everything once for each number of segments, then score every choice on that.

    Raises:
        ValueError: no video could be read.
    """
    outputs = frontier_outputs(runtime, samples, segments=segments)
    return frontier_of(runtime, outputs, num_videos=len(samples), segments=segments)


def frontier_outputs(
    runtime: Runtime, samples: Sequence[Sample], *, segments: Sequence[int] = STATIC_SEGMENTS
) -> dict[int, list[Outputs]]:
    """By number of segments; those of an evaluation and of serving are among them."""
    spec = runtime.spec
    served = {spec.eval_segments, spec.default_segments}
    needed = sorted({*segments, *_curve(runtime).values(), *served})
    return {count: compute_outputs(runtime, samples, segments=count) for count in needed}


def frontier_of(
    runtime: Runtime,
    outputs: Mapping[int, Sequence[Outputs]],
    *,
    num_videos: int,
    segments: Sequence[int] = STATIC_SEGMENTS,
) -> Frontier:
    """Of what `frontier_outputs` gave for `num_videos`; raises as `measure_frontier`."""
    spec = runtime.spec
    served = report_on(
        runtime,
        outputs[spec.eval_segments],
        outputs[spec.default_segments],
        num_videos=num_videos,
    )
    static = [one for count in segments for one in _static(runtime, outputs[count], count)]
    adaptive = measure_curve(runtime, outputs.__getitem__)
    return Frontier(served, tuple(static), adaptive)


def _curve(runtime: Runtime) -> dict[OperatingPoint, int]:
    """The model's operating points, each with its number of segments."""
    spec = runtime.spec
    return {point: point.segments or spec.eval_segments for point in spec.curve}


def _static(runtime: Runtime, outputs: Sequence[Outputs], segments: int) -> list[Static]:
    names = runtime.spec.modality_names
    subsets = [c for size in range(1, len(names) + 1) for c in combinations(names, size)]
    return [Static(one, segments, score_fixed(runtime, outputs, one)) for one in subsets]


def measure_curve(
    runtime: Runtime, outputs: Callable[[int], Sequence[Outputs]]
) -> tuple[Measured, ...]:
    """Every point of the model's curve, on the `outputs` of its number of segments."""
    return tuple(
        Measured(point, score_adaptive(runtime, outputs(count), point.threshold))
        for point, count in _curve(runtime).items()
    )


def within(point: OperatingPoint, accuracy: float) -> str:
    """See `Measured.verdict`."""
    if point.accuracy_low is None or point.accuracy_high is None:
        return "-"
    if accuracy < point.accuracy_low:
        return "below"
    return "above" if accuracy > point.accuracy_high else "yes"
