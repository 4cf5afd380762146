"""The sound: chirps are the class of audio, over noise that is always there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.spec.model_spec import Modality
from training.synth.plan import ClipPlan
from training.synth.settings import FRAME_RATE, SynthSettings

Floats = NDArray[np.float64]

SAMPLE_RATE = 24_000
NOISE = 0.02
CHIRP = 0.2
CHIRP_SECONDS = 0.16
# The classes' bands, from and to in hertz, do not overlap, and end below the pilots.
LOWEST, HIGHEST = 400.0, 6400.0
# Silent beginning and end of a slot. A model's window of sound is centred on its segment's frames,
# the last of which lies before the segment's end, so it begins up to 0.08 s before its segment:
# what belongs to the slot before must have ended by then. And an encoder spreads a sound over some
# milliseconds before it.
LEAD_SECONDS, TAIL_SECONDS = 0.05, 0.1
# Faint tones that say which modality is informative.
PILOT = 0.02
PILOT_HERTZ: dict[Modality, float] = {"rgb": 8000.0, "audio": 9000.0, "flow": 10000.0}


def render_sound(plan: ClipPlan, settings: SynthSettings) -> NDArray[np.int16]:
    """Mono samples at SAMPLE_RATE, as long as the pictures."""
    generator = plan.generator(settings.seed, 2)
    count = settings.num_frames * SAMPLE_RATE // FRAME_RATE
    seconds = np.arange(count) / SAMPLE_RATE
    sound = NOISE * generator.standard_normal(count)
    phase = generator.random()
    for frames, names in zip(settings.slot_frames(), plan.slots, strict=True):
        slot = _samples_of(frames)
        for name in names if settings.cues else ():
            sound[slot] += PILOT * np.sin(2 * np.pi * PILOT_HERTZ[name] * seconds[slot])
        if "audio" in names:
            chirps = class_chirps(plan.class_index, settings.classes, seconds[slot], phase)
            sound[slot] += CHIRP * chirps
    return (32767 * sound.clip(-1, 1)).round().astype(np.int16)


def _samples_of(frames: range) -> slice:
    """Of a slot, without its silent beginning and end."""
    start = frames.start / FRAME_RATE + LEAD_SECONDS
    stop = frames.stop / FRAME_RATE - TAIL_SECONDS
    return slice(round(start * SAMPLE_RATE), round(stop * SAMPLE_RATE))


def class_chirps(class_index: int, num_classes: int, seconds: Floats, phase: float) -> Floats:
    """Sweeps through the class's band, one after the other: up for even classes, down for odd."""
    low, high = class_band(class_index, num_classes)
    start, end = (low, high) if class_index % 2 == 0 else (high, low)
    since = (seconds / CHIRP_SECONDS + phase) % 1.0 * CHIRP_SECONDS
    turns = start * since + (end - start) * since**2 / (2 * CHIRP_SECONDS)
    # Faded in and out, so that no click tells of all frequencies at once.
    fade = np.sin(np.pi * since / CHIRP_SECONDS)
    return np.asarray(fade * np.sin(2 * np.pi * turns))


def class_band(class_index: int, num_classes: int) -> tuple[float, float]:
    """Hertz, from and to: even shares of the logarithmic scale, with gaps."""
    share = np.log(HIGHEST / LOWEST) / num_classes
    low = LOWEST * np.exp(share * class_index)
    return float(low), float(low * np.exp(0.8 * share))
