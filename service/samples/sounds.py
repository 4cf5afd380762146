"""What the samples sound like: each sound a function of time, at the moments of its scene."""

# Dimensions: N samples.

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from service.samples.scenes import BOUNCE_SECONDS, SWING_SECONDS

Floats = NDArray[np.float64]  # (N,): seconds, or samples within -1 and 1
Sound = Callable[[Floats], Floats]

SAMPLE_RATE = 24_000


def thumps(seconds: Floats) -> Floats:
    """A low tone that dies away, at each bounce of the ball."""
    since = seconds % BOUNCE_SECONDS
    pitch = 2 * np.pi * (90 * since + 40 * (1 - np.exp(-since / 0.04)) * 0.04)
    return np.asarray(0.7 * np.exp(-since / 0.09) * np.sin(pitch))


def ticks(seconds: Floats) -> Floats:
    """A click at each passage of the pendulum's lowest point: tick, and tock a little lower."""
    shifted = seconds + SWING_SECONDS / 4
    half = SWING_SECONDS / 2
    since = shifted % half
    pitch = np.where((shifted // half) % 2 == 0, 2600.0, 2000.0)
    return np.asarray(0.6 * np.exp(-since / 0.012) * np.sin(2 * np.pi * pitch * since))


def rainfall(seconds: Floats) -> Floats:
    """Noise that swells and ebbs."""
    noise = np.random.default_rng(5).standard_normal(len(seconds))
    smooth = np.convolve(noise, np.ones(4) / 4, mode="same")
    return np.asarray(0.2 * smooth * (0.8 + 0.2 * np.sin(2 * np.pi * seconds / 2.3)))


def silence(seconds: Floats) -> Floats:
    return np.zeros(len(seconds))
