"""Frames, differences and flow of known pictures."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from model.inputs.arrays import Crop, FrameArrays
from model.inputs.flow_fields import FlowFields, compute_flow, quantize_flow
from model.inputs.frames.frame import Frame
from model.spec.input_spec import FlowSpec

SIDE = 32


@pytest.fixture(scope="module")
def moving():
    """A smooth random texture that moves 2 pixels right and 1 down a frame."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    texture = cv2.GaussianBlur(noise, (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    return {
        n: Frame(n / 25, np.ascontiguousarray(texture[40 - n : 88 - n, 40 - 2 * n : 104 - 2 * n]))
        for n in range(8)
    }


def arrays(frames, **crop):
    return FrameArrays(frames, FlowFields(FlowSpec()), side=SIDE, crop=Crop(**crop))


def test_rgb_is_the_middle(moving):
    images = arrays(moving).rgb([0, 3])

    assert images.shape == (2, SIDE, SIDE, 3)
    assert images.dtype == np.uint8
    assert np.array_equal(images[1], moving[3].pixels[8:40, 16:48])


def test_differences_are_those_of_the_reference():
    levels = [100, 110, 109, 255, 0, 0]
    frames = {n: Frame(n, np.full((40, 40, 3), level, np.uint8)) for n, level in enumerate(levels)}

    stack = arrays(frames).rgb_diff([0], 5)

    assert stack.shape == (1, SIDE, SIDE, 15)
    expected = [int((b - a + 255) * 0.5) for a, b in pairwise(levels)]
    assert stack[0, 0, 0].tolist() == [value for value in expected for _ in range(3)]
    assert expected[4] == 127


def test_every_difference_is_that_of_the_reference():
    a, b = (np.repeat(values[..., None], 3, -1).astype(np.uint8) for values in np.mgrid[:256, :256])
    frames = {0: Frame(0.0, a), 1: Frame(1.0, b)}

    (difference,) = FrameArrays(frames, FlowFields(FlowSpec()), side=256).rgb_diff([0], 1)

    assert np.array_equal(difference, (b.astype(int) - a + 255) // 2)


def test_flow_finds_the_motion(moving):
    stack = arrays(moving).flow_stack([0, 1], 5)

    assert stack.shape == (2, SIDE, SIDE, 10)
    scaled = stack.astype(np.float64) / 255 * 40 - 20
    assert np.median(scaled[..., 0::2]) == pytest.approx(2, abs=0.3)
    assert np.median(scaled[..., 1::2]) == pytest.approx(1, abs=0.3)


def test_mirroring_turns_horizontal_motion_around(moving):
    plain, mirrored = arrays(moving), arrays(moving, mirrored=True)
    straight, turned = plain.flow_stack([0], 5), mirrored.flow_stack([0], 5)

    assert np.array_equal(turned[..., 0::2], 255 - straight[:, :, ::-1, 0::2])
    assert np.array_equal(turned[..., 1::2], straight[:, :, ::-1, 1::2])
    assert np.array_equal(mirrored.rgb([2]), plain.rgb([2])[:, :, ::-1])
    assert np.array_equal(mirrored.rgb_diff([0], 5), plain.rgb_diff([0], 5)[:, :, ::-1])


def test_a_crop_is_shared_by_all_three(moving):
    corner = arrays(moving, top=0.0, left=1.0)

    assert np.array_equal(corner.rgb([0])[0], moving[0].pixels[:SIDE, -SIDE:])
    assert corner.flow_stack([0], 5).shape == (1, SIDE, SIDE, 10)


def test_no_pair_is_computed_twice(moving):
    made = arrays(moving)
    made.flow_stack([0], 5)
    assert len(made.flow) == 5
    made.flow_stack([0, 1, 2], 5)
    assert len(made.flow) == 7 == len(made.pairs([0, 1, 2], 5))


def test_a_standing_frame_has_no_flow_to_compute(moving):
    still = dict.fromkeys(range(8), moving[0])
    made = arrays(still)

    assert (made.flow_stack([0], 5) == 128).all()
    assert len(made.flow) == 0
    assert made.pairs([0], 5) == set()


def test_no_motion_is_what_the_method_gives_for_equal_frames(moving):
    """So that leaving it out for a standing frame changes nothing."""
    pixels = moving[0].pixels

    assert (quantize_flow(compute_flow(pixels, pixels, FlowSpec()), FlowSpec()) == 128).all()


@pytest.mark.parametrize(
    ("pixels", "expected"), [(-99, 0), (-20, 0), (0, 128), (20, 255), (99, 255), (1, 134)]
)
def test_quantising(pixels, expected):
    """(v + 20) * 255 / 40, rounded half up: 0 gives 127.5, so 128."""
    displacements = np.full((1, 1, 2), pixels, np.float32)

    assert quantize_flow(displacements, FlowSpec()).tolist() == [[[expected, expected]]]


def test_presets_are_distinct(moving):
    fields = [
        compute_flow(moving[0].pixels, moving[3].pixels, FlowSpec(preset=preset))
        for preset in ("ultrafast", "fast", "medium")
    ]

    assert not np.array_equal(fields[0], fields[2])
    assert all(field.shape == (48, 64, 2) for field in fields)
