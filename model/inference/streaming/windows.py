"""Windows: stretches of a long video, each judged on its own as clips were in training."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.inputs.frames.frame import Frame

# Two frames of different scenes differ by more, see `training.evaluation.stitched`.
CUT_DISTANCE = 0.25
# Frames further apart than this show different things anyway.
MAX_STEP_SECONDS = 1.0
_THUMBNAIL = 32
_SHADES = 8

Histogram = NDArray[np.float64]


class CutDetector:
    """Finds cuts among the frames that segments are decoded to.

    A frame's colours, eight shades in each of red, green and blue, are counted on a thumbnail;
    where a quarter of them differs from one frame to the next, a new scene begins.
    """

    def __init__(self, distance: float = CUT_DISTANCE) -> None:
        self._distance = distance
        self._last: tuple[float, Histogram] | None = None
        self._pending = False

    def begins_scene(self, frames: Iterable[Frame]) -> bool:
        """Whether a cut lies between the middle of the segment before and the middle of this one;
        `frames` are this one's, in order of time."""
        cuts = [self._is_cut(frame) for frame in frames]
        middle = (len(cuts) + 1) // 2
        begins = self._pending or any(cuts[:middle])
        self._pending = any(cuts[middle:])
        return begins

    def _is_cut(self, frame: Frame) -> bool:
        if self._last is not None and frame.seconds <= self._last[0]:
            return False  # Seen with the segment before.
        now, before = (frame.seconds, colours(frame)), self._last
        self._last = now
        if before is None or now[0] - before[0] > MAX_STEP_SECONDS:
            return False
        return distance(before[1], now[1]) > self._distance


def colours(frame: Frame) -> Histogram:
    """(512,) shares of the thumbnail's pixels."""
    size = (_THUMBNAIL, _THUMBNAIL)
    thumbnail = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    shades = (thumbnail.reshape(-1, 3).astype(np.intp) * _SHADES) >> 8
    numbers = shades @ np.array([_SHADES * _SHADES, _SHADES, 1])
    return np.bincount(numbers, minlength=_SHADES**3) / len(numbers)


def distance(first: Histogram, second: Histogram) -> float:
    """0..1: the share of the pixels whose colours the two have not in common."""
    return float(0.5 * np.abs(first - second).sum())
