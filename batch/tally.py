"""Tally: what a run has done so far, for its progress and for the summary at its end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from batch.rows import Row

_SECONDS_PER_HOUR = 3600.0


@dataclass(slots=True)
class Tally:
    """Of this run alone: what earlier ones did is counted by whoever knows of it."""

    videos: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    models: set[str] = field(default_factory=set)
    video_seconds: float = 0.0
    gflops: float = 0.0
    gflops_dense: float = 0.0
    gflops_by_component: Counter[str] = field(default_factory=Counter)
    seconds_by_stage: Counter[str] = field(default_factory=Counter)
    _start: float = field(default_factory=time.monotonic)

    def add(self, row: Row) -> None:
        self.videos += 1
        self.models |= {row["model"]} - {""}
        if row["problem_code"] is not None:
            self.problems[row["problem_code"]] += 1
            return
        self.labels[row["label"]] += 1
        self.warnings.update({warning["code"] for warning in row["warnings"]})
        self.video_seconds += row["duration_seconds"]
        self.gflops += row["gflops"]
        self.gflops_dense += row["gflops_dense"]
        # Counter.update adds; its type speaks of whole numbers only.
        self.gflops_by_component.update(row["gflops_by_component"])
        self.seconds_by_stage.update(row["seconds_by_stage"])

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self._start, 1e-9)

    @property
    def videos_per_second(self) -> float:
        return self.videos / self.seconds

    @property
    def video_hours_per_hour(self) -> float:
        return self.video_seconds / self.seconds

    @property
    def gflops_saved_ratio(self) -> float:
        return 1 - self.gflops / self.gflops_dense if self.gflops_dense else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON has it; `videos` are those of this run, of which `answered` have a label."""
        return {
            "videos": self.videos,
            "answered": self.videos - self.problems.total(),
            "problems": dict(self.problems.most_common()),
            "warnings": dict(self.warnings.most_common()),
            "labels": dict(self.labels.most_common()),
            "models": sorted(self.models),
            "seconds": round(self.seconds, 3),
            "videos_per_second": self.videos_per_second,
            "video_hours": self.video_seconds / _SECONDS_PER_HOUR,
            "video_hours_per_hour": self.video_hours_per_hour,
            "gflops": self.gflops,
            "gflops_dense": self.gflops_dense,
            "gflops_saved_ratio": self.gflops_saved_ratio,
            "gflops_by_component": dict(self.gflops_by_component),
            "seconds_by_stage": dict(self.seconds_by_stage),
        }
