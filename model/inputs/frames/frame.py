"""Frame: one decoded image, and when it is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3), RGB


@dataclass(frozen=True, slots=True)
class Frame:
    """`seconds` on the video's time axis tell frames apart: no two have the same."""

    seconds: float
    pixels: Pixels

    def on_its_own(self) -> Frame:
        """Itself, or a copy of one whose pixels keep a larger buffer alive."""
        return self if self.pixels.flags.owndata else replace(self, pixels=self.pixels.copy())
