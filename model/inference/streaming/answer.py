"""StreamAnswer: the answer for a long video, gathered segment by segment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.common.errors import AnswerWarning
from model.inference.answer import empty_warning, softmax, top_predictions, top_scores
from model.inference.classification import (
    Classification,
    Compute,
    Prediction,
    SegmentResult,
    TimelineEntry,
)
from model.inference.options import ResolvedOptions
from model.inference.streaming.recognizer import Recognized
from model.inference.timeline import Stretch, timeline
from model.inputs.probing.video_info import VideoInfo
from model.runtime.base import Array
from model.spec.model_spec import ModelSpec


@dataclass(slots=True)
class StreamAnswer:
    """Nothing of a video's inputs is kept."""

    spec: ModelSpec
    options: ResolvedOptions
    _results: list[SegmentResult] = field(default_factory=list)
    # Seconds from and to, and the number of the window, of every segment.
    _slots: list[tuple[float, float, int | None]] = field(default_factory=list)
    _windows: dict[int, Array] = field(default_factory=dict)
    _macs: dict[str, int] = field(default_factory=dict)
    _dense_macs: int = 0
    _flow_computed: int = 0
    _flow_total: int = 0
    _num_undecodable: int = 0
    _has_evidence: bool = False

    def add(self, recognized: Recognized) -> SegmentResult:
        """The next segment in order of time."""
        segment, video, choices = recognized.segment, recognized.segment.video, recognized.choices
        self._results.append(recognized.result)
        self._slots.append((segment.start_seconds, segment.end_seconds, recognized.window))
        if video is None or choices is None:
            self._num_undecodable += 1
            return recognized.result
        if recognized.window is not None and recognized.window_logits is not None:
            self._windows[recognized.window] = recognized.window_logits
        costs = self.spec.require_costs()
        if choices.ran_policy:
            self._count("policy", costs.policy.total)
        for column, name in enumerate(self.spec.modality_names):
            macs = costs.recognition[name].total
            self._count(name, macs * int(choices.selected[0, column]))
            self._dense_macs += macs * int(choices.available[0, column])
        self._flow_computed += video.flow_pairs_computed
        self._flow_total += video.flow_pairs_total
        self._has_evidence |= choices.has_evidence
        return recognized.result

    def _count(self, component: str, macs: int) -> None:
        self._macs[component] = self._macs.get(component, 0) + macs

    @property
    def gflops(self) -> float:
        """Spent so far, in 1e9 multiply-adds."""
        return sum(self._macs.values()) / 1e9

    def finish(
        self,
        info: VideoInfo,
        warnings: tuple[AnswerWarning, ...],
        seconds_by_stage: dict[str, float],
    ) -> Classification:
        """`info` and `warnings` as they are at the end of the video."""
        if self._num_undecodable:
            count = f"{self._num_undecodable} of {len(self._results)} segments"
            detail = f"{count} could not be decoded"
            warnings = (*warnings, AnswerWarning("segments_undecodable", detail))
        if not self._has_evidence:
            warnings = (*warnings, empty_warning())
        return Classification(
            video=info,
            predictions=self._predictions(),
            segments=tuple(self._results),
            compute=self._compute(seconds_by_stage),
            policy=self.options.policy,
            threshold=self.options.threshold,
            max_gflops=self.options.max_gflops,
            budget=self.options.budget,
            warnings=warnings,
            timeline=self._timeline(info.duration_seconds),
        )

    def _predictions(self) -> tuple[Prediction, ...]:
        """The windows' scores in the mean over their time; of a single window its own."""
        labels, top_k = self.spec.labels, self.options.top_k
        if len(self._windows) <= 1:
            zeros: Array = np.zeros(len(labels), dtype=np.float32)
            return top_predictions(next(iter(self._windows.values()), zeros), labels, top_k)
        total: NDArray[np.float64] = np.zeros(len(labels))
        whole = 0.0
        for start, end, window in self._slots:
            if window is not None:
                total += (end - start) * softmax(self._windows[window])
                whole += end - start
        return top_scores(total / whole, labels, top_k)

    def _compute(self, seconds_by_stage: dict[str, float]) -> Compute:
        names = ("policy", *self.spec.modality_names)
        return Compute(
            macs_by_component={name: self._macs.get(name, 0) for name in names},
            macs_dense=self._dense_macs,
            flow_pairs_computed=self._flow_computed,
            flow_pairs_avoided=self._flow_total - self._flow_computed,
            seconds_by_stage=seconds_by_stage,
        )

    def _timeline(self, duration_seconds: float) -> tuple[TimelineEntry, ...]:
        best = {
            number: top_predictions(logits, self.spec.labels, 1)[0]
            for number, logits in self._windows.items()
        }
        stretches = [
            Stretch(start, end, None if window is None else best[window])
            for start, end, window in self._slots
        ]
        return timeline(stretches, duration_seconds, min_score=self.options.min_score)
