"""Other projects' real files with real oddities: each is usable, or refused for a reason."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from model.common.deadline import Deadline
from model.common.errors import VideoError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from tests.support.clips import SHARED as BESIDE
from tests.support.models import tiny_spec

MEDIA = Path(os.environ.get("ADAMML_SHARED", BESIDE)) / "media"
# ffmpeg finds nothing wrong with these, as there is nothing in them to decode.
WITHOUT_FRAMES = {
    "08b1147471.mp4": "undecodable_video",  # the headers of a fragmented file, without fragments
    "2dbeb2aa35.flac": "no_video_stream",  # songs with a picture on the cover
    "8322229c1f.m4a": "no_video_stream",
}
SPEC = tiny_spec()
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not MEDIA.is_dir(), reason="../shared/media is not beside the repository"),
]


def rows():
    if not MEDIA.is_dir():
        return []
    with (MEDIA / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_every_file(row):
    path = MEDIA / "files" / row["file"]
    try:
        video = open_video(path, SPEC, 3, limits=DecodeLimits(), deadline=Deadline(60))
    except VideoError as error:
        assert_rightly_refused(row, error)
        return
    assert row["video_codec"]
    assert video.info.duration_seconds > 0
    assert video.recognition_inputs("rgb", range(3)).shape == (3, 8, 64, 64, 3)
    assert np.isfinite(video.policy_inputs("audio")).all()


def assert_rightly_refused(row, error):
    if not row["video_codec"]:
        assert error.code == "no_video_stream"
    elif row["ffmpeg_exit"] == "0":
        assert error.code == WITHOUT_FRAMES.get(row["file"]), error
    else:
        assert error.code in ("undecodable_video", "unsupported_codec")
    assert str(MEDIA) not in str(error)
    assert row["file"] not in str(error)
