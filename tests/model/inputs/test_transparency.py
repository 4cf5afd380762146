"""What is transparent is shown on white, in every format alike."""

import pytest

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.frames import frame_command
from model.inputs.open_video import open_video
from tests.support.clips import colour_of, ffmpeg
from tests.support.models import tiny_spec

# A red square in the middle, and hidden green around it.
PICTURE = (
    "color=red:s=96x64:r=25:d=1,format=rgba,"
    "geq=r='if(between(X,32,63),255,0)':g='if(between(X,32,63),0,255)':b=0"
    ":a='if(between(X,32,63),255,0)'"
)
FORMATS = {
    "vp9.webm": ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p"),
    "vp8.webm": ("-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"),
    "animation.mov": ("-c:v", "qtrle", "-pix_fmt", "argb"),
    "prores.mov": ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"),
    "ffv1.mkv": ("-c:v", "ffv1", "-pix_fmt", "yuva420p"),
    "utvideo.avi": ("-c:v", "utvideo", "-pix_fmt", "gbrap"),
}


def look(path):
    video = open_video(path, tiny_spec(), 1, limits=DecodeLimits(), deadline=Deadline(60))
    pixels = video.arrays.frames[min(video.arrays.frames)].pixels
    middle = pixels.shape[1] // 2
    return video, colour_of(pixels[:, :4]), colour_of(pixels[:, middle - 4 : middle + 4])


@pytest.mark.parametrize("name", FORMATS)
def test_on_white(tmp_path, name):
    ffmpeg("-f", "lavfi", "-i", PICTURE, *FORMATS[name], tmp_path / name)

    _, around, middle = look(tmp_path / name)

    assert (around, middle) == ("white", "red")


def test_gif(tmp_path):
    palette = "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"
    ffmpeg("-f", "lavfi", "-i", f"{PICTURE},{palette}", tmp_path / "c.gif")

    assert look(tmp_path / "c.gif")[1:] == ("white", "red")


def test_the_fourth_channel_of_raw_frames_is_not_heeded(tmp_path):
    ffmpeg("-f", "lavfi", "-i", PICTURE, "-c:v", "rawvideo", "-pix_fmt", "bgra", tmp_path / "c.avi")

    assert look(tmp_path / "c.avi")[1:] == ("green", "red")


def test_an_ffmpeg_that_cannot_tell_is_said(tmp_path, monkeypatch):
    ffmpeg("-f", "lavfi", "-i", PICTURE, *FORMATS["vp9.webm"], tmp_path / "c.webm")
    monkeypatch.setattr(frame_command, "decoders_of", lambda program: frozenset())

    video, around, _ = look(tmp_path / "c.webm")

    assert around == "green"
    assert "transparency_ignored" in [warning.code for warning in video.warnings]
