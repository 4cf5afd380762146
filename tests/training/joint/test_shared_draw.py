"""One crop and one flip a draw, the same for RGB, RGB differences and flow."""

import numpy as np
import pytest

from tests.support.clips import ffmpeg
from tests.support.models import tiny_spec
from training.data.views import View, extract

DRAWS = 8


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """Draws of a clip whose left part is plain blue and whose right part moves."""
    path = tmp_path_factory.mktemp("draws") / "half.mp4"
    plain = "color=c=blue:s=40x72:r=25:d=1.5"
    moving = "testsrc2=s=40x72:r=25:d=1.5,scroll=v=0.03"
    ffmpeg(
        *("-f", "lavfi", "-i", plain, "-f", "lavfi", "-i", moving),
        *("-filter_complex", "hstack=shortest=1", "-pix_fmt", "yuv444p", path),
    )
    return [extract(path, tiny_spec(), View(1, draw)) for draw in range(DRAWS)]


def columns(images, is_moving):
    """(W,) bool of (1, F, H, W, C): where anything of the column moves, or is not blue."""
    return is_moving(images[0].astype(np.int32)).mean(axis=(0, 1)) > 0.3


def not_blue(images):
    return (images[..., 2] < 150) | (images[..., :2].max(axis=-1) > 100)


def differs(images):
    return np.abs(images - 127).max(axis=-1) > 3


def flows(images):
    """By more than half of the 2.2 pixels that the moving part does."""
    return np.abs(images[..., 1::2] - 127.5).mean(axis=-1) > 1.1 / 20 * 127.5


def side_and_width(moves):
    """Whether the moving part lies left, and how many columns it takes."""
    return bool(moves[:8].mean() > moves[-8:].mean()), int(moves.sum())


def test_the_streams_agree_on_crop_and_flip(views):
    seen = [side_and_width(columns(view["recognizer.rgb"], not_blue)) for view in views]
    assert {side for side, _ in seen} == {False, True}, "some draws are mirrored, some are not"
    widths = [width for _, width in seen]
    assert max(widths) - min(widths) > 8, "draws crop elsewhere"

    for stream, looks in (
        ("policy.rgb", not_blue),
        ("policy.flow", differs),
        ("recognizer.flow", flows),
    ):
        others = [side_and_width(columns(view[stream], looks)) for view in views]
        assert [side for side, _ in others] == [side for side, _ in seen], stream
        # Flow is smooth, so it reaches over the edge: everywhere by about as much.
        excess = [other - width for (_, other), width in zip(others, widths, strict=True)]
        assert max(excess) - min(excess) <= 4, stream
