"""From decoded frames to the networks' arrays: crops of frames, differences and flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from model.inputs.flow_fields import FlowFields, Pair, pair_of
from model.inputs.frames.frame import Frame
from model.spec.input_spec import InputSpec

Images = NDArray[np.uint8]  # (..., H, W, C)


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

    Flow is kept, so that a pair of frames is never computed twice. Not for concurrent use.
    """

    frames: Mapping[int, Frame]
    flow: FlowFields
    side: int
    crop: Crop = field(default_factory=Crop)

    @classmethod
    def of(cls, inputs: InputSpec, frames: Mapping[int, Frame], crop: Crop) -> FrameArrays:
        return cls(frames, FlowFields(inputs.flow), side=inputs.crop, crop=crop)

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
        self.flow.compute(self._both(indices, pairs))
        return np.stack([self._fields(index, pairs) for index in indices])

    def pairs(self, indices: Sequence[int], pairs: int) -> set[Pair]:
        """The distinct pairs of frames whose flow `flow_stack` of the same arguments needs; of a
        frame that is shown twice in a row there is none."""
        both = self._both(indices, pairs)
        return {pair_of(*frames) for frames in both if frames[0] is not frames[1]}

    def _both(self, indices: Sequence[int], pairs: int) -> Iterator[tuple[Frame, Frame]]:
        for index in indices:
            run = [self.frames[index + step] for step in range(pairs + 1)]
            yield from pairwise(run)

    def _pixels(self, index: int) -> Images:
        return self.frames[index].pixels

    def _differences(self, index: int, pairs: int) -> Images:
        frames = [self.crop.cut(self._pixels(index + step), self.side) for step in range(pairs + 1)]
        return _merged([_halved(a, b) for a, b in pairwise(frames)])

    def _fields(self, index: int, pairs: int) -> Images:
        fields = [self.flow.of(*both) for both in self._both([index], pairs)]
        stack = _merged([self.crop.cut(field, self.side) for field in fields])
        if self.crop.mirrored:
            # Mirrored motion runs the other way: x changes sign, which is 255 - x when quantised.
            stack[..., 0::2] = 255 - stack[..., 0::2]
        return stack


def _merged(images: Sequence[Images]) -> Images:
    """(H, W, c) each -> (H, W, sum of c); OpenCV is five to eight times as fast at it as NumPy."""
    merged: Images = cv2.merge([np.ascontiguousarray(image) for image in images])
    return merged


def _halved(first: Images, second: Images) -> Images:
    """(second - first + 255) / 2 rounded down, as the mean of two bytes, which needs no more bits:
    what both have, and half of what one of them has."""
    inverted = ~first
    return (second & inverted) + ((second ^ inverted) >> 1)
