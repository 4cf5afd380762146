"""The table of an evaluation: the adaptive model beside every fixed choice of modalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from model.runtime.base import Runtime
from training.data.sources.manifest import Sample
from training.evaluation.evaluate import (
    Outputs,
    Score,
    compute_outputs,
    score_adaptive,
    score_fixed,
    score_random,
)
from training.evaluation.intervals import Difference, paired_difference
from training.evaluation.primary_metric import primary_metric_name

RANDOM = "random at these rates"


@dataclass(frozen=True, slots=True)
class Report:
    """Scores by row: "adaptive", random decisions, then the fixed subsets, the dense one last.

    The first two look at `served_segments` of a video, the others at `eval_segments`.

    `primary_metric`: what their accuracy is, "top-1" or "mAP".
    """

    name: str
    version: str
    num_videos: int
    num_skipped: int
    threshold: float
    served_segments: int
    eval_segments: int
    rows: dict[str, Score]
    primary_metric: str = "top-1"

    def as_dict(self) -> dict[str, object]:
        return {
            "model": {"name": self.name, "version": self.version},
            "videos": self.num_videos,
            "skipped": self.num_skipped,
            "threshold": self.threshold,
            "served_segments": self.served_segments,
            "eval_segments": self.eval_segments,
            "merit": self.primary_metric,
            "differences": {name: one._asdict() for name, one in self.differences().items()},
            "rows": {name: score.as_dict() for name, score in self.rows.items()},
        }

    def as_table(self) -> str:
        """Markdown; rates are shares of all segments."""
        names = list(self.rows["adaptive"].selection)
        lines = [
            f"| modalities | {self.primary_metric} | GFLOPs | {' | '.join(names)} |",
            f"|---|---|---|{'---|' * len(names)}",
        ]
        for row, score in self.rows.items():
            rates = " | ".join(f"{score.selection[name]:.1%}" for name in names)
            lines.append(f"| {row} | {score.accuracy:.1%} | {score.gflops:.3f} | {rates} |")
        lines += ["", f"{self.num_videos} videos, {self.num_skipped} skipped", *self._verdicts()]
        return "\n".join(lines)

    def differences(self) -> dict[str, Difference]:
        """In top-1, of adaptive from random decisions and from the dense row, by its name."""
        ours, dense = self.rows["adaptive"].hits, list(self.rows)[-1]
        groups = self.rows["adaptive"].groups
        return {
            name: paired_difference([np.array(ours)], [np.array(self.rows[name].hits)], groups)
            for name in (RANDOM, dense)
            # A video of which only so many segments could be read is in one row alone.
            if ours and len(ours) == len(self.rows[name].hits)
        }

    def _verdicts(self) -> list[str]:
        return [_verdict(name, one) for name, one in self.differences().items()]


def _verdict(name: str, difference: Difference) -> str:
    low, mean, high = (100 * value for value in (difference.low, difference.mean, difference.high))
    verdict = "above" if low > 0 else "below" if high < 0 else "not distinguishable"
    return f"adaptive - {name}: {mean:+.1f} points top-1 ({low:+.1f} to {high:+.1f}): {verdict}"


def evaluate_runtime(runtime: Runtime, samples: Sequence[Sample]) -> Report:
    """Run everything once a video, then score every choice on what came out.

    Raises:
        ValueError: no video could be read.
    """
    spec = runtime.spec
    outputs = compute_outputs(runtime, samples, segments=spec.eval_segments)
    served = outputs
    if spec.default_segments != spec.eval_segments:
        served = compute_outputs(runtime, samples)
    return report_on(runtime, outputs, served, num_videos=len(samples))


def report_on(
    runtime: Runtime, outputs: Sequence[Outputs], served: Sequence[Outputs], *, num_videos: int
) -> Report:
    """Scores of what `compute_outputs` gave for `num_videos`; raises as `evaluate_runtime`.

    `outputs` are of the segments of an evaluation, `served` of those that are served by default.
    """
    if not outputs:
        raise ValueError("no video of the split could be read")
    names = runtime.spec.modality_names
    adaptive = score_adaptive(runtime, served, runtime.spec.threshold)
    rows = {"adaptive": adaptive}
    rows[RANDOM] = score_random(runtime, served, adaptive.selection)
    for size in range(1, len(names) + 1):
        for subset in combinations(names, size):
            rows["+".join(subset)] = score_fixed(runtime, outputs, subset)
    return Report(
        name=runtime.spec.name,
        version=runtime.version,
        num_videos=len(outputs),
        num_skipped=num_videos - len(outputs),
        threshold=runtime.spec.threshold,
        served_segments=runtime.spec.default_segments,
        eval_segments=runtime.spec.eval_segments,
        rows=rows,
        primary_metric=primary_metric_name([one.labels for one in outputs]),
    )
