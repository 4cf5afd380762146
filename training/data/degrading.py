"""A view of a video in which the picture is lost for a while and other sound is mixed in.

What a network has only seen whole it answers for when it is lost, as loudly as ever. Degraded views
teach it, and the policy above it, what a modality looks like when there is nothing in it.
"""

# Dimensions: S segments, F frames, H, W, C of an image.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.spec.input_spec import AudioSpec

Array = NDArray[np.generic]
Way = Literal["dark", "blur", "cover"]
WAYS: tuple[Way, ...] = ("dark", "blur", "cover")

LOST_SHARE = 0.6  # of the views lose the picture in some of their segments, never in all
MIXED_SHARE = 0.5  # of the views are heard over another video's sound
DARKEST, LIGHTEST = 0.01, 0.2  # of the light is left in the dark
COARSEST, FINEST = 4, 20  # pixels a side that are left of a blurred picture
GRAIN = 4.0  # spread of the noise of a dark picture, of 255
QUIETEST_DB, LOUDEST_DB = -20.0, -3.0  # the other sound, against the video's own
GAIN_DB = 10.0
# What no change is in differences and in flow, both bytes.
STILL = 127


@dataclass(frozen=True, slots=True)
class Degrading:
    """What is done to one view; the same for all streams that show the same segments."""

    lost: tuple[int, ...]
    way: Way
    light: float
    pixels: int
    colour: tuple[int, int, int]
    mixed: tuple[int, int]  # half-open range of segments
    level_db: float
    gain_db: float
    seed: int


def draw_degrading(segments: int, generator: np.random.Generator) -> Degrading:
    count = int(generator.integers(1, max(2, segments))) if segments > 1 else 0
    lost = generator.permutation(segments)[:count] if generator.random() < LOST_SHARE else []
    length = int(generator.integers(1, segments + 1)) if generator.random() < MIXED_SHARE else 0
    first = int(generator.integers(0, segments - length + 1))
    return Degrading(
        lost=tuple(sorted(int(number) for number in lost)),
        way=WAYS[int(generator.integers(len(WAYS)))],
        light=float(np.exp(generator.uniform(np.log(DARKEST), np.log(LIGHTEST)))),
        pixels=int(generator.integers(COARSEST, FINEST)),
        colour=(*(int(value) for value in generator.integers(0, 256, 3)),),  # type: ignore[arg-type]
        mixed=(first, first + length),
        level_db=float(generator.uniform(QUIETEST_DB, LOUDEST_DB)),
        gain_db=float(generator.uniform(-GAIN_DB, GAIN_DB)),
        seed=int(generator.integers(2**31)),
    )


def degrade_pictures(images: Array, change: Degrading, *, is_motion: bool) -> Array:
    """(S, F, H, W, C) uint8 -> the same with the lost segments lost. `is_motion`: of differences or
    flow, where what is dark or covered does not move."""
    degraded = np.array(images)
    generator = np.random.default_rng(change.seed)
    for segment in change.lost:
        for frame in degraded[segment]:
            frame[...] = _lost(frame, change, generator, is_motion=is_motion)
    return degraded


def _lost(
    frame: Array, change: Degrading, generator: np.random.Generator, *, is_motion: bool
) -> Array:
    height, width, channels = frame.shape
    if change.way == "blur":
        side = (change.pixels, change.pixels)
        planes = [
            cv2.resize(cv2.resize(plane, side, interpolation=cv2.INTER_AREA), (width, height))
            for plane in np.moveaxis(frame.astype(np.uint8), 2, 0)
        ]
        return np.stack(planes, axis=2)
    if is_motion:
        return np.full_like(frame, STILL)
    if change.way == "cover":
        return np.broadcast_to(np.resize(np.uint8(change.colour), channels), frame.shape)
    grain = generator.normal(0.0, GRAIN, frame.shape)
    return np.clip(frame * np.float64(change.light) + grain, 0, 255).astype(np.uint8)


def degrade_sounds(sounds: Array, others: Array, change: Degrading, audio: AudioSpec) -> Array:
    """(S, rows, times) log spectrograms and another video's -> float32 of the same shape.

    Magnitudes, or powers, are added as if their phases were unrelated.
    """
    own, other = _linear(sounds, audio), _linear(others, audio)
    per_decade = 10.0 if audio.mel is None else 20.0
    level = 10 ** (change.level_db / per_decade) * own.mean() / max(other.mean(), 1e-6)
    own[slice(*change.mixed)] += level * other[slice(*change.mixed)]
    gain = 10 ** (change.gain_db / per_decade)
    return np.log(gain * own + audio.log_epsilon).astype(np.float32)


def _linear(sounds: Array, audio: AudioSpec) -> NDArray[np.float64]:
    return np.maximum(np.exp(sounds.astype(np.float64)) - audio.log_epsilon, 0.0)
