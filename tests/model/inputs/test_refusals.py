"""What cannot be classified is refused, with the right code, and cheaply."""

import socket
import struct
from pathlib import Path

import pytest

from model.common.deadline import Deadline
from model.common.errors import (
    DeadlineExceededError,
    DecodeTimeoutError,
    EmptyUploadError,
    FrameTooLargeError,
    NoVideoStreamError,
    UndecodableVideoError,
    UnsupportedCodecError,
    VideoTooLongError,
)
from model.inputs.ffmpeg import commands as ffmpeg_commands
from model.inputs.ffmpeg import sandbox
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.frame_command import frames_commands
from model.inputs.open_video import open_video
from model.inputs.placement.runs import Run
from model.inputs.probing.probe import probe
from tests.support.clips import colour_clip
from tests.support.clips import ffmpeg as make
from tests.support.models import tiny_spec

SPEC = tiny_spec()


def open_all(path, *, limits=None, deadline=None):
    return open_video(
        path, SPEC, 4, limits=limits or DecodeLimits(), deadline=deadline or Deadline(60)
    )


@pytest.fixture
def commands(monkeypatch):
    """The programs that were run, and how many bytes each wrote."""
    seen = []
    real = sandbox.run_pipeline

    def recording(commands, **others):
        finished = real(commands, **others)
        seen.append((program_name(commands[-1]), len(finished.output)))
        return finished

    monkeypatch.setattr(sandbox, "run_pipeline", recording)
    monkeypatch.setattr("model.inputs.frames.frame_reader.run_pipeline", recording)
    return seen


def program_name(arguments):
    """ "ffmpeg" or "ffprobe", of a program called such as ffmpeg-linux-x64."""
    return Path(arguments[0]).name.partition("-")[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("refusals") / "c.mp4"
    return colour_clip(path, (("red", 3),), tones=((500, 3),))


def test_an_empty_file(tmp_path):
    path = tmp_path / "c.mp4"
    path.touch()

    with pytest.raises(EmptyUploadError, match="empty"):
        open_all(path)


@pytest.mark.parametrize("content", [b"hello\n" * 100, b"\x00" * 5000, bytes(range(256)) * 40])
def test_what_is_not_a_video(tmp_path, content):
    path = tmp_path / "secret-name.mp4"
    path.write_bytes(content)

    with pytest.raises(UndecodableVideoError) as caught:
        open_all(path)
    assert "secret-name" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_sound_alone(tmp_path):
    path = tmp_path / "c.mp4"
    make("-f", "lavfi", "-i", "sine=duration=1", path)

    with pytest.raises(NoVideoStreamError, match="only: audio"):
        open_all(path)


def test_a_cover_picture_is_no_video(tmp_path):
    picture, song, path = tmp_path / "p.jpg", tmp_path / "s.mp4", tmp_path / "c.mp4"
    make("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", picture)
    make("-f", "lavfi", "-i", "sine=duration=1", song)
    make(
        "-i",
        song,
        "-i",
        picture,
        *("-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic"),
        path,
    )

    with pytest.raises(NoVideoStreamError, match="audio, cover picture"):
        open_all(path)


def test_a_still_picture_is_no_video(tmp_path):
    path = tmp_path / "c.mp4"
    make("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", "-f", "image2", path)

    with pytest.raises(UndecodableVideoError, match="any supported container"):
        open_all(path)


def test_a_codec_that_is_not_allowed(tmp_path):
    path = tmp_path / "c.mkv"
    make("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-c:v", "snow", "-strict", "-2", path)

    with pytest.raises(UnsupportedCodecError, match="snow"):
        open_all(path)


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3.0,\n{target}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile {target}\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{target}'
    "</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\na=tool:{target}\n",
    "imf": '<AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM"><Path>{target}</Path>'
    "</AssetMap>",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("scheme", ["http", "file", "relative"])
def test_playlists_open_nothing(tmp_path, clip, kind, scheme):
    """Neither a connection nor another file: the neighbour is a fine video, and stays unread."""
    (tmp_path / "other.mp4").write_bytes(clip.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.0)
        target = {
            "http": f"http://127.0.0.1:{server.getsockname()[1]}/v.ts",
            "file": f"file:{tmp_path / 'other.mp4'}",
            "relative": "other.mp4",
        }[scheme]
        path = tmp_path / "c.mp4"
        path.write_text(PLAYLISTS[kind].format(target=target))

        with pytest.raises(UndecodableVideoError):
            open_all(path)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_frame_that_is_too_large_is_never_decoded(tmp_path, commands):
    path = tmp_path / "c.mp4"
    make("-f", "lavfi", "-i", "color=red:s=8192x8192:r=1:d=1", "-c:v", "mjpeg", path)

    with pytest.raises(FrameTooLargeError, match="8192x8192; allowed are at most 9437184 pixels"):
        open_all(path)
    assert [name for name, _ in commands] == ["ffprobe"]


def test_a_frame_larger_than_its_header_says(tmp_path, clip):
    """The container says 96x64; the stream in it is 8192x8192."""
    large, path = tmp_path / "large.mkv", tmp_path / "c.mkv"
    make("-f", "lavfi", "-i", "color=red:s=8192x8192:r=1:d=1", "-c:v", "mjpeg", large)
    content = large.read_bytes()
    # Matroska's PixelWidth (B0) and PixelHeight (BA), two bytes each.
    for element in (b"\xb0\x82", b"\xba\x82"):
        assert content.count(element + struct.pack(">H", 8192)) == 1
        content = content.replace(
            element + struct.pack(">H", 8192), element + struct.pack(">H", 64)
        )
    path.write_bytes(content)

    with pytest.raises(FrameTooLargeError, match="8192x8192"):
        open_all(path, limits=DecodeLimits(memory_bytes=2**29))


def test_a_video_that_is_too_long(clip):
    with pytest.raises(VideoTooLongError, match="lasts 3 s; allowed are 2 s"):
        open_all(clip, limits=DecodeLimits(max_duration_seconds=2))


THREE_HOURS = 3 * 3600


def claims_three_hours_avi(content):
    """The frame counts of the file's and the stream's header."""
    for box, field in ((b"avih", 16), (b"strh", 32)):
        at = content.index(box) + 8 + field
        content[at : at + 4] = struct.pack("<I", THREE_HOURS * 25)


def claims_three_hours_mp4(content):
    """The durations of the movie's, the track's and the media's header, and the edit list's."""
    media_scale = at_box(content, b"mdhd", 12)
    scale = struct.unpack(">I", content[media_scale : media_scale + 4])[0]
    for box, field, units in (
        (b"mvhd", 16, 1000), (b"tkhd", 20, 1000), (b"elst", 8, 1000), (b"mdhd", 16, scale),
    ):  # fmt: skip
        at = at_box(content, box, field)
        content[at : at + 4] = struct.pack(">I", THREE_HOURS * units)


def at_box(content, box, field):
    return content.index(box) + 4 + field


@pytest.mark.parametrize(
    ("suffix", "claim"), [("avi", claims_three_hours_avi), ("mp4", claims_three_hours_mp4)]
)
def test_a_header_that_says_three_hours_is_checked(tmp_path, commands, suffix, claim):
    source, path = tmp_path / f"source.{suffix}", tmp_path / "c.mp4"
    make("-f", "lavfi", "-i", "color=red:s=96x64:r=25:d=2", "-c:v", "mpeg4", source)
    content = bytearray(source.read_bytes())
    claim(content)
    path.write_bytes(content)

    video = open_all(path)

    assert video.info.duration_seconds == pytest.approx(2, abs=0.1)
    assert len(commands) < 20


def test_a_deadline_that_has_passed(clip):
    with pytest.raises(DeadlineExceededError):
        open_all(clip, deadline=Deadline(0))


def test_decoding_that_takes_too_long(clip):
    with pytest.raises(DecodeTimeoutError, match=r"within 0\.001 s"):
        open_all(clip, limits=DecodeLimits(wall_seconds=0.001))


def test_both_programs_get_the_same_allow_lists(clip, monkeypatch):
    seen = []
    real = sandbox.run_pipeline

    def recording(commands, **others):
        seen.extend(commands)
        return real(commands, **others)

    monkeypatch.setattr(sandbox, "run_pipeline", recording)
    monkeypatch.setattr("model.inputs.frames.frame_reader.run_pipeline", recording)
    open_all(clip)

    assert {program_name(arguments) for arguments in seen} == {"ffprobe", "ffmpeg"}
    for arguments in seen:
        for name, value in ffmpeg_commands.safe_input_options(DecodeLimits()).items():
            assert arguments[arguments.index(f"-{name}") + 1] == str(value)
        assert arguments[arguments.index("-protocol_whitelist") + 1] == "file"
        assert arguments.index("-protocol_whitelist") < arguments.index("-i")
        assert ("-nostdin" in arguments) == (program_name(arguments) == "ffmpeg")


def test_every_input_of_a_process_is_restricted(clip):
    limits = DecodeLimits()
    info = probe(clip, limits=limits, deadlines=Deadlines.start(Deadline(60), limits))
    runs = [Run((n, n + 1), 25.0, True, n / 25, ((n / 25, n / 25 + 0.1),)) for n in (0, 100, 200)]

    (command,) = frames_commands(clip, info, 64, runs, limits=limits, threads=1)

    assert command.count("-i") == 3
    for name, value in ffmpeg_commands.safe_input_options(limits).items():
        given = [command[i + 1] for i, word in enumerate(command) if word == f"-{name}"]
        assert given == [str(value)] * 3


def test_probing_needs_no_more_time_than_is_given(clip):
    deadlines = Deadlines.start(Deadline(60), DecodeLimits())

    info = probe(clip, limits=DecodeLimits(), deadlines=deadlines)

    assert (info.width, info.height, info.video_codec, info.audio_codec) == (96, 64, "h264", "aac")
