"""Everything lies where its presentation time says: the right colour, the right tone."""

import struct

import numpy as np
import pytest

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from model.inputs.placement.segments import plan_at
from model.spec.input_spec import InputSpec
from tests.support.clips import colour_clip, colour_of, ffmpeg, tone_of
from tests.support.models import tiny_spec

SPEC = tiny_spec()
LIMITS = DecodeLimits()
PARTS = (("red", 3), ("green", 3), ("blue", 3))
TONES = ((500, 3), (2000, 3), (5000, 3))


def look(path, starts):
    """The colour of all frames, and the tone, of the segments that start at `starts`."""
    video = open_video(
        path,
        SPEC,
        lambda info: plan_at(info, SPEC.inputs, starts),
        limits=LIMITS,
        deadline=Deadline(60),
    )
    frames = video.recognition_inputs("rgb", range(len(starts)))
    colours = [{colour_of(frame) for frame in segment} for segment in frames]
    tones = []
    if video.available().all():
        tones = [tone_of(one) for one in video.recognition_inputs("audio", range(len(starts)))]
    return video, colours, tones


def assert_right(path, starts=(0.5, 3.5, 6.5)):
    video, colours, tones = look(path, starts)
    assert colours == [{"red"}, {"green"}, {"blue"}]
    assert tones == pytest.approx([500, 2000, 5000], abs=100)
    return video


def test_constant_rate(tmp_path):
    video = assert_right(colour_clip(tmp_path / "c.mp4", PARTS, tones=TONES))

    assert video.info.duration_seconds == pytest.approx(9, abs=0.1)
    assert video.info.constant_frame_rate


@pytest.mark.parametrize("rate", [12, 25, 30, 60])
def test_any_rate_spans_about_a_second(tmp_path, rate):
    video = assert_right(colour_clip(tmp_path / "c.mp4", PARTS, tones=TONES, rate=rate))

    segment = video.segments[0]
    expected = 32 / rate if 20 <= rate <= 40 else 32 / 30
    assert segment.end_seconds - segment.start_seconds == pytest.approx(expected, abs=0.001)


def test_ntsc_rate(tmp_path):
    parts = tuple((colour, 3.003) for colour, _ in PARTS)
    path = colour_clip(tmp_path / "c.mp4", parts, tones=TONES, rate="30000/1001")

    assert_right(path)


@pytest.mark.parametrize("container", ["c.mkv", "c.mp4"])
def test_variable_rate_within_the_usual_bounds(tmp_path, container):
    """Every third frame of the middle part dropped: the average stays above 20 frames/s."""
    source = colour_clip(tmp_path / "source.mp4", PARTS, tones=TONES, rate=30)
    path = tmp_path / container
    drop = "select='not(between(t,3,6)*not(mod(n,3)))'"
    ffmpeg("-i", source, "-vf", drop, "-fps_mode", "vfr", "-c:a", "copy", path)

    video = assert_right(path)
    # Matroska states the rate that was meant, not the one that came of it.
    assert video.info.constant_frame_rate == (container == "c.mkv")


def test_stills_that_last_for_seconds(tmp_path):
    """A slide show: three frames in nine seconds, each on display until the next."""
    source = colour_clip(tmp_path / "source.mp4", PARTS, tones=TONES, rate=30)
    path = tmp_path / "c.mkv"
    keep = "select='eq(n,0)+eq(n,90)+eq(n,180)+eq(n,269)'"
    ffmpeg("-i", source, "-vf", keep, "-fps_mode", "vfr", "-c:a", "copy", path)

    assert_right(path)


def test_stills_in_a_clip_that_is_long_enough_to_seek(tmp_path):
    parts = (("red", 20), ("green", 20), ("blue", 20))
    tones = ((500, 20), (2000, 20), (5000, 20))
    source = colour_clip(tmp_path / "source.mp4", parts, tones=tones, rate=10)
    path = tmp_path / "c.mkv"
    keep = "select='eq(n,0)+eq(n,200)+eq(n,400)+eq(n,599)'"
    ffmpeg("-i", source, "-vf", keep, "-fps_mode", "vfr", "-c:a", "copy", path)

    assert_right(path, (8.0, 31.0, 55.0))


@pytest.mark.parametrize("name", ["c.ts", "c.mkv", "c.mp4"])
def test_a_start_time_other_than_zero(tmp_path, name):
    path = colour_clip(tmp_path / name, PARTS, tones=TONES, output=("-output_ts_offset", "7.5"))

    assert_right(path)


@pytest.mark.parametrize("name", ["c.ts", "c.mkv", "c.mp4"])
def test_sound_that_starts_before_the_pictures(tmp_path, name):
    """SegmentFrames begin 2 s into the sound; the time axis begins with the pictures."""
    source = colour_clip(
        tmp_path / "source.mp4", PARTS, tones=((8000, 2), (500, 3), (2000, 3), (5000, 3))
    )
    path = tmp_path / name
    ffmpeg(
        *("-itsoffset", "2", "-i", source, "-i", source),
        *("-map", "0:v", "-map", "1:a", "-c", "copy", path),
    )

    assert_right(path)


@pytest.mark.parametrize("name", ["c.ts", "c.mkv", "c.mp4"])
def test_sound_that_starts_after_the_pictures(tmp_path, name):
    source = colour_clip(tmp_path / "source.mp4", PARTS, tones=((2000, 3), (5000, 3)))
    path = tmp_path / name
    ffmpeg(
        *("-i", source, "-itsoffset", "3", "-i", source),
        *("-map", "0:v", "-map", "1:a", "-c", "copy", path),
    )

    _, colours, tones = look(path, (0.5, 3.5, 6.5))

    assert colours == [{"red"}, {"green"}, {"blue"}]
    assert tones == pytest.approx([0, 2000, 5000], abs=100)


def test_an_edit_list_that_cuts_the_beginning(tmp_path):
    """Copying from the middle of a group of pictures leaves frames that must not be shown."""
    source = colour_clip(tmp_path / "source.mp4", (("white", 2), *PARTS), tones=((8000, 2), *TONES))
    path = tmp_path / "c.mp4"
    ffmpeg("-ss", "2.0", "-i", source, "-c", "copy", path)

    assert_right(path)


def test_windows_that_are_sought(tmp_path):
    parts = (("red", 40), ("green", 40), ("blue", 40))
    tones = ((500, 40), (2000, 40), (5000, 40))

    assert_right(colour_clip(tmp_path / "c.mp4", parts, tones=tones), (10.0, 55.0, 110.0))


@pytest.mark.parametrize(("degrees", "corner"), [(0, 0), (90, 1), (180, 2), (270, 3)])
def test_rotation(tmp_path, degrees, corner):
    """A white square in the top left corner turns clockwise with the picture."""
    source, path = tmp_path / "source.mp4", tmp_path / "c.mp4"
    square = "drawbox=x=0:y=0:w=iw/2:h=ih/2:c=white:t=fill"
    picture = "color=c=blue:s=96x64:r=25:d=1.5"
    ffmpeg("-f", "lavfi", "-i", picture, "-vf", square, "-pix_fmt", "yuv420p", source)
    set_rotation(source, path, degrees)

    video, _, _ = look(path, (0.0,))

    assert video.info.rotation_degrees == degrees
    turned = degrees in (90, 270)
    assert (video.info.width, video.info.height) == ((64, 96) if turned else (96, 64))
    frame = video.recognition_inputs("rgb", [0])[0, 0]
    middle = len(frame) // 2
    corners = [
        frame[:middle, :middle], frame[:middle, middle:],
        frame[middle:, middle:], frame[middle:, :middle],
    ]  # fmt: skip
    brightness = [part.mean() for part in corners]
    assert int(np.argmax(brightness)) == corner


def set_rotation(source, path, degrees):
    """Write the matrix by hand: ffmpeg's option for it differs between versions."""
    content = bytearray(source.read_bytes())
    # A track header's matrix, 16.16 fixed point; turned clockwise, as players show it.
    unit, minus = 0x10000, 0xFFFF0000
    a, b = {0: (unit, 0), 90: (0, unit), 180: (minus, 0), 270: (0, minus)}[degrees]
    c = {0: 0, unit: minus, minus: unit}[b]
    identity = struct.pack(">9I", unit, 0, 0, 0, unit, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9I", a, b, 0, c, a, 0, 0, 0, 0x40000000)
    position = content.index(identity, content.index(b"tkhd"))
    content[position : position + len(identity)] = turned
    path.write_bytes(content)


H264 = ("-c:v", "libx264", "-g", "250")


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("c.mkv", H264),
        ("c.mp4", H264),
        ("c.ts", H264),
        ("c.flv", H264),
        ("c.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "128")),
        ("c.mpg", ("-c:v", "mpeg2video", "-g", "50", "-bf", "2")),
        ("c.avi", ("-c:v", "mpeg4", "-g", "100")),
        ("c.mov", ("-c:v", "prores")),
        ("c.h264", H264),
    ],
)
def test_constant_rate_gives_exactly_the_consecutive_frames(tmp_path, name, codec):
    """Key frames are up to ten seconds apart, so that most windows begin between two."""
    path = tmp_path / name
    rate = 25 if name == "c.h264" else "30000/1001"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=96x64:r={rate}:d=40", *codec, path)
    starts = (0.0, 13.37, 38.5)
    video, _, _ = look(path, starts)
    raw = tmp_path / "all.rgb"
    ffmpeg(
        *("-i", path, "-vf", "scale=108:72:flags=bilinear+accurate_rnd+bitexact"),
        *("-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", raw),
    )
    everything = np.fromfile(raw, dtype=np.uint8).reshape(-1, 72, 108, 3)

    for segment in video.segments:
        for offset in (0, 4, 8, 28):
            index = segment.first_frame + offset
            assert np.array_equal(video.arrays.frames[index].pixels, everything[index])
    expected = [round(start * video.plan.rate) for start in starts]
    assert [segment.first_frame for segment in video.segments] == expected
    assert video.plan.is_own_rate
    assert [warning.code for warning in video.warnings] == ["no_audio_stream"]


def test_default_spec_centres_the_sound_on_the_used_frames():
    inputs = InputSpec()

    assert inputs.audio.num_samples == 30_720
    assert inputs.audio.shape == (256, 256)
