"""FlowFields: the optical flow of pairs of frames, each pair computed once."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from model.common.cores import num_cores
from model.inputs.frames.frame import Frame, Pixels
from model.spec.input_spec import FlowSpec

Field = NDArray[np.uint8]  # (H, W, 2), x then y, quantised
Pair = tuple[float, float]  # Times of two frames, seconds.

NO_MOTION = 128  # What `quantize_flow` gives for 0.

_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


@dataclass(slots=True)
class FlowFields:
    """Not for concurrent use; `len` counts the pairs computed."""

    spec: FlowSpec
    _fields: dict[Pair, Field] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._fields)

    def compute(self, pairs: Iterable[tuple[Frame, Frame]]) -> None:
        """Those that are not there yet, side by side on all cores: a single one keeps but half of
        a second core busy."""
        missing = {pair_of(*both): both for both in pairs if both[0] is not both[1]}
        missing = {pair: both for pair, both in missing.items() if pair not in self._fields}
        with ThreadPoolExecutor(num_cores()) as pool:
            fields = pool.map(self._quantized, missing.values())
            self._fields.update(zip(missing, fields, strict=True))

    def of(self, first: Frame, second: Frame) -> Field:
        """The field of a computed pair. A frame shown twice in a row does not move."""
        if first is second:
            return np.full((*first.pixels.shape[:2], 2), NO_MOTION, dtype=np.uint8)
        return self._fields[pair_of(first, second)]

    def _quantized(self, both: tuple[Frame, Frame]) -> Field:
        first, second = both
        return quantize_flow(compute_flow(first.pixels, second.pixels, self.spec), self.spec)


def pair_of(first: Frame, second: Frame) -> Pair:
    return first.seconds, second.seconds


def compute_flow(first: Pixels, second: Pixels, spec: FlowSpec) -> NDArray[np.float32]:
    """(H, W, 3) frames -> (H, W, 2) displacements in pixels, x then y."""
    # A DIS object keeps buffers between calls and must not be shared by threads.
    method = cv2.DISOpticalFlow.create(_PRESETS[spec.preset])
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    field_: NDArray[np.float32] = method.calc(gray[0], gray[1], None)
    return field_


def quantize_flow(displacements: NDArray[np.float32], spec: FlowSpec) -> Field:
    """Clip to the bound and map linearly to 0..255, rounding half up; no motion is 128."""
    bound = spec.bound_pixels
    scaled = np.clip(displacements, -bound, bound)
    # In place: temporary arrays of this size cost more than the arithmetic.
    scaled += bound
    scaled *= 255 / (2 * bound)
    scaled += 0.5
    return scaled.astype(np.uint8)
