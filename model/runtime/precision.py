"""Precision: in what numbers the networks that see and hear compute."""

from __future__ import annotations

from typing import Literal

# float32 answers alike everywhere. bfloat16 has 8 bits of mantissa: several times as fast on a
# processor or GPU with matrix units for it, and answers then depend on the hardware.
Precision = Literal["f32", "bf16"]


class UnsupportedPrecisionError(ValueError):
    """The machine cannot compute so, or only slower than in float32."""
