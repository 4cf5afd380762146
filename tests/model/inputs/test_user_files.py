"""Files as television, conferences, telephones and browsers make them come out right."""

import os
import struct
import subprocess

import numpy as np
import pytest

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import programs
from model.inputs.open_video import open_video
from model.inputs.placement.segments import plan_at
from tests.support.clips import colour_clip, colour_of, ffmpeg, tone_of
from tests.support.models import tiny_spec

SPEC = tiny_spec()
PARTS = (("red", 3), ("green", 3), ("blue", 3))
TONES = ((500, 3), (2000, 3), (5000, 3))
STARTS = (0.5, 3.5, 6.5)


def look(path, starts=STARTS):
    """The video, and of each segment the colours of its frames and its tone."""
    video = open_video(
        path,
        SPEC,
        lambda info: plan_at(info, SPEC.inputs, starts),
        limits=DecodeLimits(),
        deadline=Deadline(60),
    )
    frames = video.recognition_inputs("rgb", range(len(starts)))
    colours = [{colour_of(frame) for frame in segment} for segment in frames]
    heard = video.recognition_inputs("audio", range(len(starts)))
    return video, colours, [tone_of(one) for one in heard]


def codes(video):
    return [warning.code for warning in video.warnings]


def assert_right(path, *warnings, tones=(500, 2000, 5000)):
    video, colours, heard = look(path)
    assert colours == [{"red"}, {"green"}, {"blue"}]
    assert heard == pytest.approx(list(tones), abs=100)
    assert video.info.duration_seconds == pytest.approx(9, abs=0.15)
    assert codes(video) == list(warnings)
    return video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("user") / "c.mp4"
    return colour_clip(path, PARTS, tones=TONES)


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    return colour_clip(tmp_path_factory.mktemp("user") / "c.mp4", PARTS)


def tone(path, hertz, seconds, *output, channels=1, offset=0):
    source = ("-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate=24000:d={seconds}")
    ffmpeg(*source, "-ac", channels, "-output_ts_offset", offset, *output, path)
    return path


@pytest.mark.parametrize("container", ["ts", "mkv"])
@pytest.mark.parametrize("codec", ["aac", "ac3", "mp2"])
def test_sound_that_changes_its_channels(tmp_path, silent, container, codec):
    mono = tone(tmp_path / "a.ts", 500, 3, "-c:a", codec, "-ar", "48000")
    stereo = tone(tmp_path / "b.ts", 2000, 6, "-c:a", codec, "-ar", "48000", channels=2, offset=3)
    both, path = tmp_path / "ab.ts", tmp_path / f"c.{container}"
    both.write_bytes(mono.read_bytes() + stereo.read_bytes())
    ffmpeg("-i", silent, "-i", both, "-map", "0:v", "-map", "1:a", "-c", "copy", path)

    assert_right(path, tones=(500, 2000, 2000))


@pytest.mark.parametrize("name", ["c.mkv", "c.ts", "live.mkv", "c.webm"])
def test_frames_that_begin_ten_seconds_after_the_sound(tmp_path, silent, name):
    sound = tone(tmp_path / "s.wav", 2000, 19)
    codec = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-ar", "48000")
    output = codec if name == "c.webm" else ("-c:v", "copy", "-c:a", "aac")
    live = ("-f", "matroska", "-live", "1") if name == "live.mkv" else ()
    ffmpeg(
        *("-itsoffset", "10", "-i", silent, "-i", sound, "-map", "0:v", "-map", "1:a"),
        *output,
        *live,
        tmp_path / name,
    )

    assert_right(tmp_path / name, tones=(2000, 2000, 2000))


def test_sound_that_begins_ten_seconds_after_the_frames(tmp_path):
    path = tmp_path / "c.ts"
    film = colour_clip(tmp_path / "f.mp4", (("red", 10), ("green", 5)))
    sound = tone(tmp_path / "s.wav", 2000, 5)
    ffmpeg("-i", film, "-itsoffset", "10", "-i", sound, "-c:v", "copy", "-c:a", "aac", path)

    video, colours, tones = look(path, (1.0, 12.0))

    assert colours == [{"red"}, {"green"}]
    assert tones == pytest.approx([0, 2000], abs=100)
    assert codes(video) == []


def test_the_sound_is_that_of_the_frames_own_programme(tmp_path, clip):
    path = tmp_path / "c.ts"
    other = ("-f", "lavfi", "-i", "color=white:s=64x48:d=9", "-f", "lavfi", "-i", "sine=9000:d=9")
    maps = ("-map", "0", "-map", "1", "-map", "2:v", "-map", "2:a")
    programs_of = ("-program", "program_num=1:st=0:st=1", "-program", "program_num=2:st=2:st=3")
    ffmpeg(*other, "-i", clip, *maps, "-c:v", "libx264", "-c:a", "aac", *programs_of, path)

    assert_right(path)


@pytest.mark.parametrize("disposition", ["default", "0"])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_track_that_moves_is_the_video(tmp_path, clip, container, disposition):
    path = tmp_path / f"c.{container}"
    still = ("-f", "lavfi", "-i", "color=white:s=256x144:r=25:d=0.04")
    ffmpeg(
        *("-i", clip, *still, "-map", "0:v", "-map", "1", "-map", "0:a", "-c:v", "libx264"),
        *("-pix_fmt", "yuv420p", "-disposition:v", disposition, path),
    )

    assert_right(path)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_channels_that_cancel_each_other(tmp_path, clip, container):
    path = tmp_path / f"c.{container}"
    opposite = ("-af", "pan=stereo|c0=c0|c1=-1*c0", "-c:a", "aac")
    ffmpeg("-i", clip, "-c:v", "copy", *opposite, path)

    assert_right(path, "audio_channels_cancel")


def test_stereo_and_silence_are_no_such_channels(tmp_path, clip, silent):
    stereo, nothing = tmp_path / "s.mp4", tmp_path / "n.mp4"
    ffmpeg("-i", clip, "-c:v", "copy", "-ac", "2", stereo)
    quiet = ("-f", "lavfi", "-i", "anullsrc=cl=stereo:r=24000:d=9")
    ffmpeg("-i", silent, *quiet, "-c:v", "copy", "-shortest", nothing)

    assert_right(stereo)
    assert_right(nothing, tones=(0, 0, 0))


@pytest.mark.parametrize("container", ["mp4", "mkv", "mpg", "ts"])
def test_pixels_that_are_not_square(tmp_path, container):
    """A white square, drawn half as wide as it is shown."""
    path = tmp_path / f"c.{container}"
    box = "color=black:s=128x144:r=25:d=3,drawbox=x=48:y=40:w=32:h=64:color=white:t=fill,setsar=2"
    codec = "mpeg2video" if container == "mpg" else "libx264"
    ffmpeg("-f", "lavfi", "-i", box, "-c:v", codec, "-pix_fmt", "yuv420p", path)

    video, _, _ = look(path, (0.5,))

    assert (video.info.width, video.info.height) == (256, 144)
    frame = next(iter(video.arrays.frames.values())).pixels.mean(axis=2) > 128
    height, width = frame.any(axis=1).sum(), frame.any(axis=0).sum()
    assert abs(height - width) <= 2


def test_a_strip_of_narrow_pixels_is_cut_by_what_is_shown(tmp_path):
    """Shown 64 wide and 256 high: the middle 128 of the height are kept."""
    path = tmp_path / "c.mp4"
    strip = "color=red:s=128x256:r=25:d=1,drawbox=y=64:h=128:color=blue:t=fill,setsar=1/2"
    ffmpeg("-f", "lavfi", "-i", strip, "-c:v", "libx264", "-pix_fmt", "yuv420p", path)

    video, colours, _ = look(path, (0.0,))

    assert (video.info.width, video.info.height) == (64, 256)
    assert colours == [{"blue"}]


def test_high_dynamic_range_is_mapped_to_a_usual_screens(tmp_path):
    """The same red as PQ and as it is; without the mapping it is a dull brown."""
    path = tmp_path / "c.mp4"
    to_pq = "scale=out_transfer=smpte2084:out_primaries=bt2020:out_color_matrix=bt2020nc"
    marks = ("-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    red = "color=red:s=96x64:r=25:d=2,setparams=color_trc=bt709:color_primaries=bt709"
    ffmpeg(
        *("-f", "lavfi", "-i", f"{red},{to_pq},format=yuv420p10le", "-c:v", "libx265"),
        *("-x265-params", "log-level=none", *marks, path),
    )

    video, colours, _ = look(path, (0.0,))

    assert video.info.is_hdr
    assert colours == [{"red"}]
    red, green, blue = next(iter(video.arrays.frames.values())).pixels.mean(axis=(0, 1))
    assert red > 4 * max(green, blue)


def patched(source, path, marker, offset, content):
    data = bytearray(source.read_bytes())
    start = data.index(marker) + offset
    data[start : start + len(content)] = content
    path.write_bytes(data)
    return path


def test_a_track_header_that_says_too_little(tmp_path, clip):
    """The first mdhd is the video's; its duration comes 20 bytes after the name."""
    path = patched(clip, tmp_path / "c.mp4", b"mdhd", 20, struct.pack(">I", 8000))

    assert_right(path, "duration_corrected")


def test_a_matroska_tag_that_says_too_little(tmp_path, clip):
    """As of a recording that was written to a pipe from a shorter one."""
    path = tmp_path / "c.mkv"
    tag = ("-metadata:s:v:0", "DURATION=00:00:03.000000000")
    command = [programs().ffmpeg, "-v", "error", "-i", clip, "-c", "copy", *tag]
    with path.open("wb") as file:
        subprocess.run([*command, "-f", "matroska", "pipe:1"], stdout=file, check=True)

    assert_right(path, "duration_corrected")


def test_flash_metadata_that_say_too_little(tmp_path, clip):
    whole = tmp_path / "w.flv"
    ffmpeg("-i", clip, "-c:v", "copy", "-c:a", "aac", "-ar", "44100", whole)
    path = patched(whole, tmp_path / "c.flv", b"duration\x00", 9, struct.pack(">d", 1.0))

    assert_right(path, "duration_corrected")


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_single_key_frame_in_a_transport_stream(tmp_path, codec):
    path = tmp_path / "c.ts"
    one = ("-g", "9999", "-keyint_min", "9999", "-sc_threshold", "0", "-bf", "3")
    if codec == "libx265":
        one = ("-x265-params", "keyint=9999:scenecut=0:log-level=none")
    colour_clip(path, PARTS, tones=TONES, codec=("-c:v", codec), output=one)

    assert_right(path)


def test_a_browsers_recording_has_a_plausible_frame_rate(tmp_path, clip):
    """No frame rate in its header; its clock ticks a thousand times a second."""
    path = tmp_path / "c.webm"
    codec = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-ar", "48000")
    ffmpeg("-i", clip, *codec, "-vf", "settb=1/1000", "-fps_mode", "vfr", "-live", "1", path)

    video = assert_right(path)
    assert 20 <= video.info.frame_rate <= 31


def test_a_name_that_is_not_utf_8(tmp_path, clip):
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    path.write_bytes(clip.read_bytes())

    assert_right(path)


def test_frames_of_a_video_with_plain_properties_stay_what_they_were(clip):
    video, _, _ = look(clip)

    assert (video.info.width, video.info.height) == (96, 64)
    assert not video.info.is_hdr
    assert np.isclose(video.info.claimed_seconds, video.info.duration_seconds)


@pytest.mark.parametrize("tag", [0x83, 0x200, 0x4D4D], ids=["g729", "creative", "unknown"])
def test_sound_that_cannot_be_decoded_costs_no_picture(tmp_path, clip, tag):
    path = tmp_path / "c.avi"
    ffmpeg("-i", clip, "-c:v", "mpeg4", "-c:a", "pcm_mulaw", "-ar", "8000", path)
    mu_law, other = struct.pack("<HH", 7, 1), struct.pack("<HH", tag, 1)
    content = path.read_bytes()
    at = content.index(mu_law, content.index(b"auds"))
    path.write_bytes(content[:at] + other + content[at + 4 :])

    video, colours, _ = look(path)

    assert colours == [{"red"}, {"green"}, {"blue"}]
    assert codes(video) == ["no_audio_stream"]
    assert "is not supported" in video.warnings[0].detail


@pytest.mark.parametrize("rate", [8, 15, 25, 30, 50])
def test_a_raw_stream_says_how_fast_it_plays(tmp_path, rate):
    path = colour_clip(tmp_path / "c.h264", PARTS, rate=rate)

    video, colours, _ = look(path)

    assert colours == [{"red"}, {"green"}, {"blue"}]
    assert video.info.frame_rate == rate
    assert video.info.duration_seconds == pytest.approx(9, abs=0.15)
