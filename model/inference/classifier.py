"""Classifier: path in, Classification out; the policy first, then only what it selected."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np

from model.common.cores import num_cores
from model.common.deadline import Deadline
from model.common.stopwatch import OnStage, Stopwatch
from model.inference.answer import assemble
from model.inference.classification import (
    Classification,
    ClassifyOptions,
    OnOpened,
    SegmentResult,
)
from model.inference.decisions import (
    BoolArray,
    Budget,
    Choices,
    FloatArray,
    choose,
    fusion_inputs,
    keep_probabilities,
)
from model.inference.early_features import EarlyFeatures
from model.inference.options import (
    MAX_STREAM_SEGMENTS,
    ResolvedOptions,
    networks_in_use,
    resolve,
)
from model.inference.pieces import pieces
from model.inference.streaming.segments import StreamRequest, stream_segments
from model.inference.streaming.watching import Watched, watch_source
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.kernel_sandbox import sandbox_in_use
from model.inputs.ffmpeg.programs import programs, version_of
from model.inputs.open_video import open_video
from model.inputs.video_inputs import VideoInputs
from model.runtime.base import Array, FusedLogits, Runtime
from model.spec.dummy_inputs import dummy_inputs
from model.spec.model_spec import ModelSpec

DEFAULT_DEADLINE_SECONDS = 600.0
# One request's decoding and flow leave nothing idle of so many, see `adamml bench request`.
DECODING_CORES = 2


class Classifier:
    """One model, any number of concurrent `classify` calls from any threads."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        limits: DecodeLimits | None = None,
        overlaps: bool | None = None,
    ) -> None:
        """`overlaps`: whether the policy looks at the first segments while others are decoded;
        None: where there are more cores than decoding keeps busy."""
        self._runtime = runtime
        wanted = num_cores() > DECODING_CORES if overlaps is None else overlaps
        # Else which segments came early would decide about the answer's last bits.
        self._overlaps = wanted and runtime.runs_by_row
        self._limits = limits or DecodeLimits()
        costs = runtime.spec.require_costs()
        names = runtime.spec.modality_names
        self._recognition_macs = [costs.recognition[name].total for name in names]
        self._policy_macs = costs.policy.total

    @property
    def spec(self) -> ModelSpec:
        return self._runtime.spec

    @property
    def version(self) -> str:
        return self._runtime.version

    @property
    def sandbox(self) -> str:
        """What the kernel keeps decoders in, "none" for nothing. Raises SandboxMissingError where
        that is required and missing."""
        return str(sandbox_in_use())

    @property
    def decoder_version(self) -> str:
        """Of the ffmpeg that decodes. Raises ProgramMissingError where there is none."""
        return version_of(programs().ffmpeg)

    def classify(
        self,
        path: Path,
        options: ClassifyOptions | None = None,
        *,
        deadline: Deadline | None = None,
        on_stage: OnStage | None = None,
    ) -> Classification:
        """Classify one video; blocks until done. `on_stage(name, seconds)` follows the stages.

        Raises:
            VideoError: the file cannot be used.
            InvalidParameterError: an option is outside its range or names what the model lacks.
            BudgetTooSmallError: `max_gflops` does not cover the policy network itself, or `budget`
                not the cheapest point of the model's curve.
            DeadlineExceededError: the deadline passed or was cancelled.
        """
        *_, answer = self.stream(path, options, deadline=deadline, on_stage=on_stage)
        if not isinstance(answer, Classification):
            raise AssertionError
        return answer

    def stream(
        self,
        path: Path,
        options: ClassifyOptions | None = None,
        *,
        deadline: Deadline | None = None,
        on_stage: OnStage | None = None,
        on_opened: OnOpened | None = None,
        max_segments: int = MAX_STREAM_SEGMENTS,
    ) -> Generator[SegmentResult | Classification, None, None]:
        """The results of the segments in order of time, then the answer that `classify` gives.

        With `every_seconds` each comes as soon as it is there, and memory does not grow with the
        video's length; `on_opened` is told beforehand of how many segments there will be. Without,
        all segments are judged together, and come at the end.

        Raises what `classify` raises, and TooManySegmentsError beyond `max_segments`.
        """
        resolved = resolve(options or ClassifyOptions(), self.spec)
        deadline, watch = deadline or Deadline(DEFAULT_DEADLINE_SECONDS), Stopwatch(on_stage)
        if resolved.every_seconds is not None:
            request = StreamRequest(path, resolved, self._limits, deadline, max_segments, on_opened)
            yield from stream_segments(self._runtime, request, watch)
            return
        answer = self._whole(path, resolved, deadline, watch)
        if on_opened is not None:
            on_opened(answer.video, len(answer.segments))
        yield from answer.segments
        yield answer

    def watch(
        self,
        source: str,
        options: ClassifyOptions,
        *,
        on_wait: Callable[[str, float], None],
        is_wanted: Callable[[], bool],
    ) -> Iterator[Watched]:
        """Segments of a live source, see `watch_source`; `options` need `every_seconds`."""
        resolved = resolve(options, self.spec)
        return watch_source(self._runtime, source, resolved, on_wait=on_wait, is_wanted=is_wanted)

    def _whole(
        self, path: Path, resolved: ResolvedOptions, deadline: Deadline, watch: Stopwatch
    ) -> Classification:
        budget = self._budget(resolved)
        # Nothing may be computed in vain under a ceiling.
        overlaps = self._overlaps and resolved.policy == "adaptive" and budget is None
        with EarlyFeatures(self._runtime) as early:
            with watch.stage("decode"):
                video = open_video(
                    path,
                    networks_in_use(resolved, self.spec),
                    resolved.segments,
                    limits=self._limits,
                    deadline=deadline,
                    on_early=early.offer if overlaps else None,
                )
            choices = self._decide(video, early, resolved, budget, watch, deadline)
        fused = self._recognize(video, choices, watch, deadline)
        return assemble(self.spec, resolved, video, choices, fused, watch.finish())

    def warm_up(self) -> None:
        """Run every network once on dummy inputs, so that the first request is not the slowest.

        Raises ProgramMissingError where nothing can be decoded.
        """
        programs()
        names = self.spec.modality_names
        features = [
            self._runtime.policy_features(name, dummy_inputs(self.spec, name, role="policy"))
            for name in names
        ]
        self._runtime.policy_output(features, np.ones((1, len(names)), dtype=np.bool_))
        for name in names:
            self._runtime.recognize(name, dummy_inputs(self.spec, name, role="recognizer"))
        shape = (1, self.spec.num_fused, len(self.spec.labels))
        self._runtime.fuse(np.zeros(shape, dtype=np.float32), np.ones(shape[:2], dtype=np.bool_))

    def _budget(self, options: ResolvedOptions) -> Budget | None:
        if options.max_gflops is None:
            return None
        adaptive = options.policy == "adaptive"
        spent = self._policy_macs * options.segments if adaptive else 0
        budget = Budget.of(options.max_gflops, spent=spent)
        budget.require(spent, f"the policy network on {options.segments} segments")
        return budget

    def _decide(
        self,
        video: VideoInputs,
        early: EarlyFeatures,
        options: ResolvedOptions,
        budget: Budget | None,
        watch: Stopwatch,
        deadline: Deadline,
    ) -> Choices:
        available = video.available()
        candidates = available & np.asarray(options.allowed)
        probabilities = exit_logits = None
        if options.policy == "all":
            self._require_affordable(candidates, budget)
        else:
            with watch.stage("policy"):
                probabilities, exit_logits = self._policy(video, early, available, deadline)
        selected = choose(
            np.ones(available.shape) if probabilities is None else probabilities,
            candidates,
            threshold=0.0 if probabilities is None else options.threshold,
            macs=self._recognition_macs,
            budget=budget,
            needs_one=exit_logits is None,
        )
        return Choices(selected, available, probabilities, exit_logits)

    def _require_affordable(self, candidates: BoolArray, budget: Budget | None) -> None:
        """Without a policy the budget must cover one recognition, or there is nothing to answer."""
        if budget is not None and candidates.any():
            cheapest = min(np.asarray(self._recognition_macs)[candidates.any(axis=0)])
            budget.require(int(cheapest), "the cheapest modality of one segment")

    def _policy(
        self,
        video: VideoInputs,
        early: EarlyFeatures,
        available: BoolArray,
        deadline: Deadline,
    ) -> tuple[FloatArray, Array | None]:
        """(S, M) p(keep), and (S, K) logits of an exit head."""
        features = [early.of(video, name, deadline) for name in self.spec.modality_names]
        output = self._runtime.policy_output(features, available)
        return keep_probabilities(output.logits, self.spec.policy.returns), output.exit_logits

    def _recognize(
        self, video: VideoInputs, choices: Choices, watch: Stopwatch, deadline: Deadline
    ) -> FusedLogits:
        selected = choices.selected
        logits, kept = fusion_inputs(self.spec, choices)
        for column, name in enumerate(self.spec.modality_names):
            for rows in pieces(
                np.flatnonzero(selected[:, column]).tolist(), self._runtime, deadline
            ):
                with watch.stage("flow" if name == "flow" else "recognition"):
                    inputs = video.recognition_inputs(name, rows)
                deadline.check()
                with watch.stage("recognition"):
                    logits[rows, column] = self._runtime.recognize(name, inputs)
        return self._runtime.fuse(logits, kept)
