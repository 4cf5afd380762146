"""From decoded frames to the networks' arrays: crops of frames, differences and flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from model.input_spec import FlowSpec
from model.inputs.frames import Frame

Images = NDArray[np.uint8]  # (..., H, W, C)
Pair = tuple[float, float]  # Times of two frames, seconds.

NO_MOTION = 128  # What `quantize_flow` gives for 0.

_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


@dataclass(frozen=True, slots=True)
class Crop:
    """Where the square is cut, as shares of the free margin, and whether it is mirrored."""

    top: float = 0.5
    left: float = 0.5
    mirrored: bool = False

    def cut(self, image: Images, side: int) -> Images:
        """(H, W, C) -> (side, side, C), a view."""
        height, width = image.shape[:2]
        top = round(self.top * (height - side))
        left = round(self.left * (width - side))
        square = image[top : top + side, left : left + side]
        return square[:, ::-1] if self.mirrored else square


@dataclass(slots=True)
class FrameArrays:
    """Frames of one video by the grid index at which they are shown.

    Flow fields are kept, so that a pair of frames is never computed twice, and a frame that is
    shown at two indices in a row has none; `num_pairs` counts those computed. Not for concurrent
    use.
    """

    frames: Mapping[int, Frame]
    flow: FlowSpec
    side: int
    crop: Crop = field(default_factory=Crop)
    _fields: dict[Pair, Images] = field(default_factory=dict)

    @property
    def num_pairs(self) -> int:
        return len(self._fields)

    def rgb(self, indices: Sequence[int]) -> Images:
        """Frames at grid indices -> (F, side, side, 3)."""
        return np.stack([self.crop.cut(self._pixels(index), self.side) for index in indices])

    def rgb_diff(self, indices: Sequence[int], pairs: int) -> Images:
        """(F, side, side, 3 * pairs): per frame `pairs` consecutive differences.

        (b - a + 255) / 2 rounded down, so no change is 127.
        """
        return np.stack([self._differences(index, pairs) for index in indices])

    def flow_stack(self, indices: Sequence[int], pairs: int) -> Images:
        """(F, side, side, 2 * pairs): per frame x and y of `pairs` consecutive flow fields."""
        return np.stack([self._flow_stack(index, pairs) for index in indices])

    def pairs(self, indices: Sequence[int], pairs: int) -> set[Pair]:
        """The distinct pairs of frames whose flow `flow_stack` of the same arguments needs."""
        runs = [[self.frames[index + step] for step in range(pairs + 1)] for index in indices]
        return {_pair(*both) for run in runs for both in pairwise(run) if both[0] is not both[1]}

    def _pixels(self, index: int) -> Images:
        return self.frames[index].pixels

    def _differences(self, index: int, pairs: int) -> Images:
        run = np.stack(
            [
                self.crop.cut(self._pixels(index + step), self.side).astype(np.int16)
                for step in range(pairs + 1)
            ]
        )
        differences = ((np.diff(run, axis=0) + 255) >> 1).astype(np.uint8)  # (pairs, H, W, 3)
        return np.concatenate(list(differences), axis=-1)

    def _flow_stack(self, index: int, pairs: int) -> Images:
        fields = [self._field(index + step) for step in range(pairs)]
        stack = self.crop.cut(np.concatenate(fields, axis=-1), self.side)
        if self.crop.mirrored:
            # Mirrored motion runs the other way: x changes sign, which is 255 - x when quantised.
            stack = stack.copy()
            stack[..., 0::2] = 255 - stack[..., 0::2]
        return stack

    def _field(self, index: int) -> Images:
        first, second = self.frames[index], self.frames[index + 1]
        if first is second:
            return np.full((*first.pixels.shape[:2], 2), NO_MOTION, dtype=np.uint8)
        key = _pair(first, second)
        if key not in self._fields:
            displacements = compute_flow(first.pixels, second.pixels, self.flow)
            self._fields[key] = quantize_flow(displacements, self.flow)
        return self._fields[key]


def _pair(first: Frame, second: Frame) -> Pair:
    return first.seconds, second.seconds


def compute_flow(first: Images, second: Images, spec: FlowSpec) -> NDArray[np.float32]:
    """(H, W, 3) frames -> (H, W, 2) displacements in pixels, x then y."""
    # A DIS object keeps buffers between calls and must not be shared by threads.
    method = cv2.DISOpticalFlow.create(_PRESETS[spec.preset])
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    field_: NDArray[np.float32] = method.calc(gray[0], gray[1], None)
    return field_


def quantize_flow(displacements: NDArray[np.float32], spec: FlowSpec) -> Images:
    """Clip to the bound and map linearly to 0..255, rounding half up; no motion is 128."""
    bound = spec.bound_pixels
    scaled = (np.clip(displacements, -bound, bound) + bound) * (255 / (2 * bound))
    return (scaled + 0.5).astype(np.uint8)
