"""A part of a video: segments are placed within it, as if it were the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from model.common.errors import UndecodableVideoError
from model.inputs.placement.segments import Plan, plan_at
from model.inputs.probing.video_info import VideoInfo
from model.spec.input_spec import InputSpec
from training.data.sources.sample import Sample

# From what is known of a (part of a) video to the starts of its segments, in seconds.
PlaceStarts = Callable[[VideoInfo], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Clip:
    """[start_seconds, end_seconds) of a video; None: to its end.

    SegmentFrames are of the part alone, and stand still past its end, as a video's do. A window of
    sound may reach beyond, by up to the 0.1 s that it reaches beyond its segment, or further
    where the part is shorter than a segment.
    """

    start_seconds: float = 0.0
    end_seconds: float | None = None

    @classmethod
    def of(cls, sample: Sample) -> Self:
        return cls(sample.start_seconds or 0.0, sample.end_seconds)

    def plan(self, info: VideoInfo, inputs: InputSpec, place_starts: PlaceStarts) -> Plan:
        """Raises UndecodableVideoError where the video ends before the part begins."""
        end = min(self.end_seconds or info.duration_seconds, info.duration_seconds)
        if end <= self.start_seconds:
            raise UndecodableVideoError(
                f"the part to use begins at {self.start_seconds:g} s, and the video ends at"
                f" {info.duration_seconds:g} s"
            )
        alone = replace(info, duration_seconds=end - self.start_seconds)
        starts = [self.start_seconds + start for start in place_starts(alone)]
        return plan_at(replace(info, duration_seconds=end), inputs, starts)
