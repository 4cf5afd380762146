"""What is read from ffprobe's description of a file's streams."""

import pytest

from model.common.errors import NoVideoStreamError, UnsupportedCodecError
from model.inputs.probing.streams import (
    audio_stream,
    frame_rate,
    has_constant_rate,
    rotation_degrees,
    tagged_duration,
    video_stream,
)


def picture(index, width=64, height=48, *, codec="h264", **disposition):
    return {
        "index": index,
        "codec_type": "video",
        "codec_name": codec,
        "width": width,
        "height": height,
        "disposition": disposition,
    }


def sound(index, *, codec="aac", channels=2, **disposition):
    return {
        "index": index,
        "codec_type": "audio",
        "codec_name": codec,
        "channels": channels,
        "disposition": disposition,
    }


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ([picture(0), picture(1, 640, 480)], 1),
        ([picture(0, default=1), picture(1, 640, 480)], 0),
        ([picture(0, default=1), picture(1, 640, 480, default=1)], 1),
        ([picture(0, 3000, 3000, attached_pic=1, default=1), picture(1)], 1),
        ([picture(0, 640, 480, codec="unknown", default=1), picture(1)], 1),
        ([picture(0), picture(1)], 0),
    ],
)
def test_the_best_video_stream(streams, expected):
    assert video_stream(streams)["index"] == expected


def test_no_video_stream():
    with pytest.raises(NoVideoStreamError, match="only: audio, cover picture"):
        video_stream([sound(0), picture(1, attached_pic=1)])
    with pytest.raises(NoVideoStreamError, match="only: nothing"):
        video_stream([])


def test_no_decoder():
    stream = picture(0, codec="unknown") | {"codec_tag_string": "vvc1"}
    with pytest.raises(UnsupportedCodecError, match="'vvc1'"):
        video_stream([stream])


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ([sound(0), sound(1, default=1)], 1),
        ([sound(0), sound(1)], 0),
        ([sound(0, codec="unknown", default=1), sound(1)], 1),
        ([sound(0, channels=0), sound(1)], 1),
    ],
)
def test_the_best_audio_stream(streams, expected):
    assert audio_stream(streams, {}, [])["index"] == expected


def test_no_audio_stream():
    assert audio_stream([picture(0)], {}, []) is None


@pytest.mark.parametrize(
    ("average", "base", "rate", "constant"),
    [
        ("25/1", "25/1", 25, True),
        ("26000/1041", "25/1", 25, True),
        ("2775/188", "250/1", 2775 / 188, False),
        ("0/0", "1000/1", 25, False),
        ("0/0", "0/0", 25, False),
    ],
)
def test_rates(average, base, rate, constant):
    stream = {"avg_frame_rate": average, "r_frame_rate": base}

    assert frame_rate(stream) == pytest.approx(rate)
    assert has_constant_rate(stream) is constant


@pytest.mark.parametrize(
    ("counter_clockwise", "expected"),
    [(0, 0), (-90, 90), (90, 270), (180, 180), (-180, 180), (45, 0), (-2147483648, 0)],
)
def test_rotation(counter_clockwise, expected):
    assert rotation_degrees({"side_data_list": [{"rotation": counter_clockwise}]}) == expected


def test_a_tag_is_no_rotation():
    """ffmpeg heeds the display matrix alone."""
    assert rotation_degrees({"tags": {"rotate": "90"}}) == 0


@pytest.mark.parametrize(
    ("tag", "start", "expected"),
    [("00:01:02.500000000", "0.5", 62.0), ("01:00:00.0", None, 3600.0), ("soon", "0", None)],
)
def test_duration_tag(tag, start, expected):
    assert tagged_duration({"tags": {"DURATION": tag}, "start_time": start}) == expected


def test_an_average_of_the_clocks_ticks_is_no_rate():
    """As of raw DV: 60000 beside 25."""
    stream = {"avg_frame_rate": "60000/1", "r_frame_rate": "25/1", "start_time": "0.0"}

    assert frame_rate(stream) == 25
    assert has_constant_rate(stream)
