"""FakeRecognizer: stands in for the classifier; answers, fails or waits as the test says."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from model.common.deadline import Deadline
from model.common.errors import TooManySegmentsError
from model.inference.classification import (
    Classification,
    ClassifyOptions,
    Compute,
    ModalityDecision,
    Prediction,
    SegmentResult,
)
from model.inputs.probing.video_info import VideoInfo
from model.spec.model_spec import ModalitySpec, ModelSpec, NetworkSpec

POLICY_MACS, RGB_MACS, FLOW_MACS, AUDIO_MACS = 77_000_001, 1_400_000_003, 1_600_000_007, 38_000_009

VIDEO = VideoInfo(
    duration_seconds=10.0,
    width=320,
    height=240,
    frame_rate=25.0,
    constant_frame_rate=True,
    container="mov,mp4,m4a,3gp,3g2,mj2",
    video_codec="h264",
    audio_codec="aac",
    rotation_degrees=0,
    start_offset_seconds=0.0,
    video_index=0,
    audio_index=1,
)


def make_spec() -> ModelSpec:
    image = NetworkSpec(backbone="resnet18", frames=8, resolution=224)
    sound = NetworkSpec(backbone="mobilenet_v2", frames=1, resolution=256)
    return ModelSpec(
        name="fake",
        labels=("Archery", "Bowling", "Diving"),
        modalities=(
            ModalitySpec(name="rgb", recognizer=image, proxy="rgb", policy=image),
            ModalitySpec(name="flow", recognizer=image, proxy="rgb_diff", policy=image),
            ModalitySpec(name="audio", recognizer=sound, proxy="audio", policy=sound),
        ),
    )


def make_classification(options: ClassifyOptions | None = None) -> Classification:
    """RGB always, flow in even segments, audio in none; every number is known."""
    options = options or ClassifyOptions()
    num_segments = options.segments or 10
    prediction = (Prediction("Bowling", 1, 0.75), Prediction("Archery", 0, 0.25))[: options.top_k]
    segments = tuple(_segment(index, prediction) for index in range(num_segments))
    num_flow = (num_segments + 1) // 2
    return Classification(
        video=VIDEO,
        predictions=prediction,
        segments=segments,
        compute=Compute(
            macs_by_component={
                "audio": 0,
                "rgb": RGB_MACS * num_segments,
                "flow": FLOW_MACS * num_flow,
                "policy": POLICY_MACS * num_segments,
            },
            macs_dense=(RGB_MACS + FLOW_MACS + AUDIO_MACS) * num_segments,
            flow_pairs_computed=40 * num_flow,
            flow_pairs_avoided=40 * (num_segments - num_flow),
            seconds_by_stage={
                "decode": 0.25,
                "policy": 0.125,
                "flow": 0.0625,
                "recognition": 0.5,
                "total": 1.0,
            },
        ),
        policy=options.policy,
        threshold=0.5 if options.threshold is None else options.threshold,
        max_gflops=options.max_gflops,
        budget=options.budget,
        warnings=(),
    )


def _segment(index: int, predictions: tuple[Prediction, ...]) -> SegmentResult:
    has_flow = index % 2 == 0
    return SegmentResult(
        index=index,
        start_seconds=float(index),
        end_seconds=index + 1.28,
        macs=POLICY_MACS + RGB_MACS + FLOW_MACS * has_flow,
        modalities={
            # Not in the contract's order: the service puts them in it.
            "audio": ModalityDecision("unavailable", None),
            "flow": ModalityDecision("selected" if has_flow else "skipped", 0.6),
            "rgb": ModalityDecision("selected", 0.9),
        },
        predictions=predictions,
    )


class FakeRecognizer:
    """`blocks` keeps every call inside until `release()` or its deadline; `error` is raised."""

    version = "0123456789ab"
    decoder_version = "n8.1.2"
    sandbox = "landlock 7, seccomp"

    def __init__(self) -> None:
        self.spec = make_spec()
        self.error: BaseException | None = None
        self.warmed_up = False
        self.inspect: Callable[[Path], None] = lambda path: None
        self.num_segments = 10
        self.deadline: Deadline | None = None
        self.between: Callable[[int], None] = lambda index: None
        self.calls: list[ClassifyOptions] = []
        self.num_running = 0
        self.max_running = 0
        self.notices_deadline = True
        self._gate = threading.Event()
        self._gate.set()
        self._lock = threading.Lock()

    def block(self) -> None:
        self._gate.clear()

    def release(self) -> None:
        self._gate.set()

    def warm_up(self) -> None:
        self.warmed_up = True

    def stream(
        self,
        path: Path,
        options: ClassifyOptions | None = None,
        *,
        on_opened: Callable[[VideoInfo, int], None] | None = None,
        max_segments: int = 50_000,
        **others,
    ) -> Iterator[SegmentResult | Classification]:
        """`between` is called before each segment but the first, and may raise."""
        self.deadline = others.get("deadline")
        options = options or ClassifyOptions()
        if options.every_seconds is not None:
            options = dataclasses.replace(options, segments=self.num_segments)
        answer = self.classify(path, options, **others)
        if len(answer.segments) > max_segments:
            raise TooManySegmentsError(f"allowed are {max_segments}")
        if on_opened is not None:
            on_opened(answer.video, len(answer.segments))
        for segment in answer.segments:
            if segment.index:
                self.between(segment.index)
            yield segment
        yield answer

    def classify(
        self,
        path: Path,
        options: ClassifyOptions | None = None,
        *,
        deadline: Deadline | None = None,
        on_stage: Callable[[str, float], None] | None = None,
    ) -> Classification:
        with self._lock:
            self.calls.append(options or ClassifyOptions())
            self.num_running += 1
            self.max_running = max(self.max_running, self.num_running)
        try:
            return self._classify(path, options, deadline, on_stage)
        finally:
            with self._lock:
                self.num_running -= 1

    def _classify(self, path, options, deadline, on_stage) -> Classification:
        self.inspect(path)
        while not self._gate.wait(0.005):
            if deadline is not None and self.notices_deadline:
                deadline.check()
        if self.error is not None:
            raise self.error
        result = make_classification(options)
        if on_stage is not None:
            for stage, seconds in result.compute.seconds_by_stage.items():
                on_stage(stage, seconds)
        return result


def wait_until(condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
    """Poll from a test's own thread; fails when it takes longer."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
