"""The pictures: a coloured patch is the class of RGB, the direction of motion that of flow."""

# Dimensions: T frames, H height, W width.

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.spec.model_spec import Modality
from training.synth.plan import ClipPlan
from training.synth.settings import SynthSettings

Frames = NDArray[np.uint8]  # (T, H, W, 3)
Floats = NDArray[np.float64]

SIDE = 128
# Of a crop of 7/8, wherever it lies, at least 6 pixels of the border are seen on every side.
BORDER = 22
PATCH = 46
GREY = 128.0
# A period of the texture, and so of what moves.
TEXTURE = 160
TEXTURE_CONTRAST = 40.0
TEXTURE_GRAIN = 0.06  # Cycles a pixel, of the coarsest that is left.
SPEED = 3.0  # Pixels a frame.
# Without a label the motion goes round in a circle: the same speed, and no direction at all.
CIRCLE_FRAMES = 16
CHROMA = 70.0
# The border's red, green and blue light up for these.
LAMPS: tuple[Modality, ...] = ("rgb", "audio", "flow")


def render_frames(plan: ClipPlan, settings: SynthSettings) -> Frames:
    generator = plan.generator(settings.seed, 1)
    frames = np.repeat(_background(plan, settings, generator)[..., np.newaxis], 3, axis=-1)
    _draw_patch(frames, plan, settings, generator)
    _draw_border(frames, plan, settings, generator)
    return frames.round().clip(0, 255).astype(np.uint8)


def class_colour(class_index: int, num_classes: int) -> Floats:
    """(3,) RGB in 0..255: hues evenly spaced, all as bright as grey (ITU-R BT.601), so that the
    luminance, from which flow is computed, does not show them."""
    angle = 2 * np.pi * class_index / num_classes
    blue, red = CHROMA * np.cos(angle), CHROMA * np.sin(angle)
    colour: Floats = GREY + np.array([1.402 * red, -0.344 * blue - 0.714 * red, 1.772 * blue])
    return colour


def class_direction(class_index: int, num_classes: int) -> Floats:
    """(2,) x and y (down) of length 1, from straight up to straight down by way of the right.

    Half a circle only: a mirrored clip, as training shows them, must keep its class.
    """
    angle = np.pi * (class_index / (num_classes - 1) - 0.5)
    return np.array([np.cos(angle), np.sin(angle)])


def _background(plan: ClipPlan, settings: SynthSettings, generator: np.random.Generator) -> Floats:
    """(T, H, W): one texture, moving; each single frame is a piece of it like any other."""
    texture = _texture(generator)
    offsets = _offsets(plan, settings, generator).round().astype(np.int64) % TEXTURE
    # What moves to the right is seen further to the left in the texture.
    rows = (np.arange(SIDE) - offsets[:, 1:]) % TEXTURE
    columns = (np.arange(SIDE) - offsets[:, :1]) % TEXTURE
    background: Floats = texture[rows[:, :, np.newaxis], columns[:, np.newaxis, :]]
    return background


def _texture(generator: np.random.Generator) -> Floats:
    """(TEXTURE, TEXTURE): blobs without an edge, around grey."""
    spectrum = np.fft.rfft2(generator.standard_normal((TEXTURE, TEXTURE)))
    down, across = np.fft.fftfreq(TEXTURE), np.fft.rfftfreq(TEXTURE)
    smooth = np.exp(-(np.hypot(down[:, np.newaxis], across) ** 2) / (2 * TEXTURE_GRAIN**2))
    blobs = np.fft.irfft2(spectrum * smooth, s=(TEXTURE, TEXTURE))
    texture: Floats = GREY + TEXTURE_CONTRAST * (blobs - blobs.mean()) / blobs.std()
    return texture


def _offsets(plan: ClipPlan, settings: SynthSettings, generator: np.random.Generator) -> Floats:
    """(T, 2): where the texture has moved to, x and y in pixels."""
    phase = 2 * np.pi * (np.arange(settings.num_frames) / CIRCLE_FRAMES + generator.random())
    steps = SPEED * np.stack([np.cos(phase), np.sin(phase)], axis=1)
    sideways = np.array([generator.choice([-1.0, 1.0]), 1.0])
    direction = SPEED * sideways * class_direction(plan.class_index, settings.classes)
    for frames, names in zip(settings.slot_frames(), plan.slots, strict=True):
        if "flow" in names:
            steps[frames.start : frames.stop] = direction
    return np.cumsum(steps, axis=0)


def _draw_patch(
    frames: Floats, plan: ClipPlan, settings: SynthSettings, generator: np.random.Generator
) -> None:
    """A square that stays where it is, grey where RGB carries nothing."""
    top, left = generator.integers(BORDER + 2, SIDE - BORDER - 2 - PATCH, size=2, endpoint=True)
    where = np.s_[:, top : top + PATCH, left : left + PATCH]
    frames[where] = GREY
    for slot, names in zip(settings.slot_frames(), plan.slots, strict=True):
        if "rgb" in names:
            frames[slot.start : slot.stop][where] = class_colour(plan.class_index, settings.classes)


def _draw_border(
    frames: Floats, plan: ClipPlan, settings: SynthSettings, generator: np.random.Generator
) -> None:
    """Black, or lit in the colours of LAMPS; it flickers, so that differences show it as well."""
    border = np.ones((SIDE, SIDE), dtype=bool)
    border[BORDER:-BORDER, BORDER:-BORDER] = False
    brightness = 255 * generator.uniform(0.7, 1.0, size=len(frames))
    for slot, names in zip(settings.slot_frames(), plan.slots, strict=True):
        lit = np.array([settings.cues and name in names for name in LAMPS])
        for frame in slot:
            frames[frame][border] = brightness[frame] * lit
