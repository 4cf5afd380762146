"""StreamRecognizer: policy and recognition of segments as they come, window by window."""

# Dimensions: M modalities, F fusion inputs, K classes.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from model.common.stopwatch import Stopwatch
from model.inference.answer import decision, top_predictions
from model.inference.classification import ModalityDecision, SegmentResult
from model.inference.decisions import (
    BoolArray,
    Choices,
    choose,
    fusion_inputs,
    keep_probabilities,
)
from model.inference.options import ResolvedOptions
from model.inference.streaming.allowance import Allowance
from model.inference.streaming.windows import CutDetector
from model.inputs.placement.segments import Segment
from model.inputs.streaming.segment_stream import StreamedSegment
from model.inputs.video_inputs import VideoInputs
from model.runtime.base import Array, PolicyOutput, Runtime
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality

_ROUNDING_SECONDS = 1e-6

# Whether a window begins with a segment.
BeginsScene = Callable[[VideoInputs], bool]


@dataclass(slots=True)
class Window:
    """A stretch of the video with a policy state and evidence of its own."""

    number: int
    start_seconds: float
    features: list[list[Array]] = field(default_factory=list)  # Segment by segment, M of (1, D).
    available: list[BoolArray] = field(default_factory=list)  # (M,) each
    logits: list[Array] = field(default_factory=list)  # (F, K) each
    kept: list[BoolArray] = field(default_factory=list)  # (F,) each

    @property
    def has_evidence(self) -> bool:
        return any(kept.any() for kept in self.kept)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A segment's decisions, and where it stands in its window."""

    looked_at: Segment
    window: Window
    position: int
    choices: Choices


@dataclass(frozen=True, slots=True)
class Recognized:
    """A segment's result, and what is made of it: its choices, its window's number, and the logits
    (K,) of that window so far. None for a segment that could not be decoded."""

    segment: StreamedSegment
    result: SegmentResult
    choices: Choices | None
    window: int | None
    window_logits: Array | None


class StreamRecognizer:
    """Segments must come in order of time. Not for concurrent use."""

    def __init__(
        self,
        runtime: Runtime,
        options: ResolvedOptions,
        watch: Stopwatch,
        allowance: Allowance | None,
        *,
        begins_scene: BeginsScene | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`begins_scene` None: a window begins where a cut is found. `check` raises where the work
        should end; it is called between one network and the next."""
        self._check = check
        self._runtime, self._options, self._watch = runtime, options, watch
        self._spec = runtime.spec
        self._allowance = allowance
        self._cuts = CutDetector()
        self._begins_scene = begins_scene or self._is_after_cut
        costs = self._spec.require_costs()
        self._macs = [costs.recognition[name].total for name in self._spec.modality_names]
        self._policy_macs = costs.policy.total if options.policy == "adaptive" else 0
        self._window: Window | None = None
        self._has_exit = self._spec.num_fused > len(self._spec.modalities)

    def recognize(self, segments: Sequence[StreamedSegment]) -> list[Recognized]:
        """What came of the next segments, which are computed side by side."""
        videos = [segment.video for segment in segments if segment.video is not None]
        features = self._features(videos)
        judged = [
            self._judge(video, [of_one[row] for of_one in features])
            for row, video in enumerate(videos)
        ]
        self._fill_in(videos, judged)
        seen = iter(judged)
        return [
            self._unseen(segment) if segment.video is None else self._result(segment, next(seen))
            for segment in segments
        ]

    def _features(self, videos: Sequence[VideoInputs]) -> list[Array]:
        """Of the policy's branches, modality by modality, (segments, D)."""
        if self._options.policy == "all" or not videos:
            return []
        with self._watch.stage("policy"):
            return [self._features_of(name, videos) for name in self._spec.modality_names]

    def _features_of(self, name: Modality, videos: Sequence[VideoInputs]) -> Array:
        inputs = np.concatenate([video.policy_inputs(name) for video in videos])
        self._check()
        return self._runtime.policy_features(name, inputs)

    def _window_of(self, video: VideoInputs) -> Window:
        start = video.segments[0].start_seconds
        is_scene = self._begins_scene(video)
        window, longest = self._window, self._options.window_seconds - _ROUNDING_SECONDS
        if window is None or is_scene or start - window.start_seconds >= longest:
            self._window = Window(0 if window is None else window.number + 1, start)
        if self._window is None:
            raise AssertionError
        return self._window

    def _is_after_cut(self, video: VideoInputs) -> bool:
        frames = {frame.seconds: frame for frame in video.arrays.frames.values()}
        return self._cuts.begins_scene(frames[seconds] for seconds in sorted(frames))

    def _judge(self, video: VideoInputs, features: list[Array]) -> _Judged:
        """One segment, decided with what came before it in its window."""
        window = self._window_of(video)
        available = video.available()
        probabilities = exit_logits = None
        if self._options.policy == "adaptive":
            with self._watch.stage("policy"):
                output = self._policy(window, features, available)
            probabilities = keep_probabilities(output.logits, self._spec.policy.returns)[-1:]
            exit_logits = None if output.exit_logits is None else output.exit_logits[-1:]
        selected = choose(
            np.ones(available.shape) if probabilities is None else probabilities,
            available & np.asarray(self._options.allowed),
            threshold=0.0 if probabilities is None else self._options.threshold,
            macs=self._macs,
            budget=None if self._allowance is None else self._allowance.next(),
            needs_one=not self._has_exit and not window.has_evidence,
        )
        if self._allowance is not None:
            self._allowance.spend(self._policy_macs + int(selected[0] @ np.asarray(self._macs)))
        choices = Choices(selected, available, probabilities, exit_logits)
        logits, kept = fusion_inputs(self._spec, choices)
        window.logits.append(logits[0])
        window.kept.append(kept[0])
        return _Judged(video.segments[0], window, len(window.logits) - 1, choices)

    def _policy(self, window: Window, features: list[Array], available: BoolArray) -> PolicyOutput:
        """Of the window so far: a recurrent state is that of its segments, from the first on."""
        window.features.append([of_one[None] for of_one in features])
        window.available.append(available[0])
        columns = [np.concatenate(column) for column in zip(*window.features, strict=True)]
        return self._runtime.policy_output(columns, np.stack(window.available))

    def _fill_in(self, videos: Sequence[VideoInputs], judged: Sequence[_Judged]) -> None:
        """The logits of what was selected, each modality's at once."""
        for column, name in enumerate(self._spec.modality_names):
            rows = [row for row, one in enumerate(judged) if one.choices.selected[0, column]]
            if not rows:
                continue
            computed = self._recognized(name, [videos[row] for row in rows])
            for row, logits in zip(rows, computed, strict=True):
                judged[row].window.logits[judged[row].position][column] = logits

    def _recognized(self, name: Modality, videos: Sequence[VideoInputs]) -> Array:
        with self._watch.stage("flow" if name == "flow" else "recognition"):
            inputs = np.concatenate([self._inputs(name, video) for video in videos])
        with self._watch.stage("recognition"):
            return self._runtime.recognize(name, inputs)

    def _inputs(self, name: Modality, video: VideoInputs) -> InputArray:
        self._check()
        return video.recognition_inputs(name, [0])

    def _result(self, segment: StreamedSegment, judged: _Judged) -> Recognized:
        window, until, choices = judged.window, judged.position + 1, judged.choices
        fused = self._runtime.fuse(np.stack(window.logits[:until]), np.stack(window.kept[:until]))
        spent = self._policy_macs + int(choices.selected[0] @ np.asarray(self._macs))
        names = self._spec.modality_names
        result = SegmentResult(
            index=segment.slot,
            start_seconds=judged.looked_at.start_seconds,
            end_seconds=judged.looked_at.end_seconds,
            macs=spent,
            modalities={name: decision(choices, 0, column) for column, name in enumerate(names)},
            predictions=top_predictions(fused.segments[-1], self._spec.labels, self._options.top_k),
        )
        return Recognized(segment, result, choices, window.number, fused.video)

    def _unseen(self, segment: StreamedSegment) -> Recognized:
        names = self._spec.modality_names
        result = SegmentResult(
            index=segment.slot,
            start_seconds=segment.start_seconds,
            end_seconds=segment.end_seconds,
            macs=0,
            modalities={name: ModalityDecision("unavailable", None) for name in names},
            predictions=(),
            reason=segment.reason,
        )
        return Recognized(segment, result, None, None, None)
