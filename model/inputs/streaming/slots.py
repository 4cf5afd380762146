"""Where the segments of a stream lie: one every so many seconds. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from model.inputs.placement.segments import Plan, grid_rate, plan_at
from model.inputs.probing.video_info import VideoInfo
from model.spec.input_spec import InputSpec

# A rest shorter than this share of a slot belongs to the last segment.
SMALLEST_REST = 0.1


@dataclass(frozen=True, slots=True)
class Slots:
    """Slot k is [k * every, (k + 1) * every) seconds; each has one segment, at its start or, at the
    end of the video, as late as fits."""

    info: VideoInfo
    inputs: InputSpec
    every_seconds: float

    def __len__(self) -> int:
        """
        >>> from unittest.mock import Mock
        >>> [len(Slots(Mock(duration_seconds=d), Mock(), 1.0)) for d in (0.1, 3.0, 3.05, 3.2)]
        [1, 3, 3, 4]
        """
        return max(1, ceil(self.info.duration_seconds / self.every_seconds - SMALLEST_REST))

    def span(self, slot: int) -> tuple[float, float]:
        """Seconds; the last slot ends with the video."""
        is_last = slot >= len(self) - 1
        end = self.info.duration_seconds if is_last else (slot + 1) * self.every_seconds
        return round(slot * self.every_seconds, 6), round(end, 6)

    def plan(self, slot: int) -> Plan:
        """Of the slot's segment alone."""
        last = self.info.duration_seconds - self.inputs.span_frames / self.rate
        start = min(slot * self.every_seconds, max(0.0, last))
        return plan_at(self.info, self.inputs, [start])

    @property
    def rate(self) -> float:
        return grid_rate(self.info, self.inputs)
