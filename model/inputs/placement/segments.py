"""Where a video's segments lie. Pure arithmetic on its time axis, whose 0 is its first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.inputs.probing.video_info import VideoInfo
from model.spec.input_spec import InputSpec


@dataclass(frozen=True, slots=True)
class Segment:
    """[start_seconds, end_seconds) and the frame grid: `first_frame` is its first grid index."""

    index: int
    start_seconds: float
    end_seconds: float
    first_frame: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Segments of one video on a grid of `rate` frames a second; grid index n is at n / rate.

    `is_own_rate`: the grid is that of the video's frames, one frame a step.
    """

    segments: tuple[Segment, ...]
    rate: float
    is_own_rate: bool
    duration_seconds: float

    @property
    def last_frame(self) -> int:
        """The last grid index at which the video still shows a frame."""
        return max(0, round(self.duration_seconds * self.rate) - 1)


def has_usable_rate(info: VideoInfo, inputs: InputSpec) -> bool:
    """Whether the video's own frames make the grid: at a constant rate within the bounds."""
    within = inputs.min_frame_rate <= info.frame_rate <= inputs.max_frame_rate
    return info.constant_frame_rate and within


def grid_rate(info: VideoInfo, inputs: InputSpec) -> float:
    """Steps of the grid per second: the video's own rate where usable, else the spec's."""
    return info.frame_rate if has_usable_rate(info, inputs) else inputs.grid_frame_rate


def plan_segments(info: VideoInfo, inputs: InputSpec, num_segments: int) -> Plan:
    """Segments placed uniformly: the first at the start, the last at the end.

    A 10 s video at 25 frames/s with 3 segments of 32 frames (1.28 s): starts 0, 4.36, 8.72.
    """
    return plan_at(info, inputs, uniform_starts(info, inputs, num_segments))


def uniform_starts(info: VideoInfo, inputs: InputSpec, num_segments: int) -> tuple[float, ...]:
    """Seconds; all 0 when the video is no longer than a segment."""
    span = inputs.span_frames / grid_rate(info, inputs)
    last = max(0.0, info.duration_seconds - span)
    return tuple(np.linspace(0.0, last, num_segments).tolist())


def jittered_starts(
    info: VideoInfo, inputs: InputSpec, num_segments: int, generator: np.random.Generator
) -> tuple[float, ...]:
    """One random start in each of `num_segments` equal shares of the possible starts."""
    span = inputs.span_frames / grid_rate(info, inputs)
    last = max(0.0, info.duration_seconds - span)
    shares = np.arange(num_segments) + generator.random(num_segments)
    return tuple((shares * last / num_segments).tolist())


def plan_at(info: VideoInfo, inputs: InputSpec, starts: Sequence[float]) -> Plan:
    """Segments at given starts (seconds), each moved to the nearest frame of the grid."""
    rate = grid_rate(info, inputs)
    segments = []
    for index, start in enumerate(starts):
        first = round(start * rate)
        begin = first / rate
        end = min(begin + inputs.span_frames / rate, max(info.duration_seconds, begin + 1 / rate))
        segments.append(Segment(index, round(begin, 6), round(end, 6), first))
    return Plan(tuple(segments), rate, has_usable_rate(info, inputs), info.duration_seconds)
