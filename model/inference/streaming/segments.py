"""A long video, segment by segment: decoding runs ahead, policy and recognition follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model.common.ahead import working_ahead
from model.common.deadline import Deadline
from model.common.errors import TooManySegmentsError
from model.common.stopwatch import Stopwatch
from model.inference.classification import Classification, OnOpened, SegmentResult
from model.inference.options import MAX_STREAM_SEGMENTS, ResolvedOptions, networks_in_use
from model.inference.streaming.allowance import Allowance
from model.inference.streaming.answer import StreamAnswer
from model.inference.streaming.recognizer import BeginsScene, StreamRecognizer
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.streaming.open_stream import FileStream
from model.runtime.base import Runtime

# Decoded segments that wait to be computed, and those that are computed side by side.
SEGMENTS_AHEAD = 6
SEGMENTS_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What is streamed, and within which limits. `begins_scene`: see StreamRecognizer."""

    path: Path
    options: ResolvedOptions
    limits: DecodeLimits
    deadline: Deadline
    max_segments: int = MAX_STREAM_SEGMENTS
    on_opened: OnOpened | None = None
    begins_scene: BeginsScene | None = None


def stream_segments(
    runtime: Runtime, request: StreamRequest, watch: Stopwatch
) -> Iterator[SegmentResult | Classification]:
    """Each segment's result as soon as it is there, in order of time, then the whole answer.

    Raises:
        TooManySegmentsError: more than `max_segments` would be needed.
        What `Classifier.classify` raises; after some results as well.
    """
    options = request.options
    with watch.stage("decode"):
        source = _open(runtime, request)
    count = len(source.slots)
    allowance = _allowance(runtime, options, count)
    if request.on_opened is not None:
        request.on_opened(source.info, count)
    recognizer = StreamRecognizer(
        runtime,
        options,
        watch,
        allowance,
        begins_scene=request.begins_scene,
        check=request.deadline.check,
    )
    answer = StreamAnswer(runtime.spec, options)
    with working_ahead(iter(source), SEGMENTS_AHEAD) as ahead:
        while True:
            with watch.stage("decode"):
                segments = ahead.ready(SEGMENTS_TOGETHER)
            request.deadline.check()
            if not segments:
                break
            for recognized in recognizer.recognize(segments):
                yield answer.add(recognized)
    yield answer.finish(source.info, source.warnings, watch.finish())


def _open(runtime: Runtime, request: StreamRequest) -> FileStream:
    every = request.options.every_seconds
    if every is None:
        raise ValueError("a stream needs every_seconds")
    networks = networks_in_use(request.options, runtime.spec)
    limits, deadline = request.limits, request.deadline
    source = FileStream(request.path, networks, every, limits=limits, deadline=deadline)
    if len(source.slots) > request.max_segments:
        raise TooManySegmentsError(
            f"every_seconds is {every:g} and the video lasts {source.info.duration_seconds:.0f} s,"
            f" which makes {len(source.slots)} segments; allowed are {request.max_segments}"
        )
    return source


def _allowance(runtime: Runtime, options: ResolvedOptions, count: int) -> Allowance | None:
    if options.max_gflops is None:
        return None
    policy = runtime.spec.require_costs().policy.total if options.policy == "adaptive" else 0
    return Allowance.of(options.max_gflops, num_segments=count, policy_macs=policy)
