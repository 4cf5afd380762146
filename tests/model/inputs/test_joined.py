"""Recordings that follow each other in one file are one video whose time goes on."""

import pytest

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from model.inputs.placement.segments import plan_at
from model.inputs.probing import clock
from model.inputs.probing.clock import count_jumps, may_jump
from model.inputs.probing.packets import Packet
from tests.support.clips import colour_clip, colour_of, ffmpeg, tone_of
from tests.support.models import tiny_spec

SPEC = tiny_spec()
H264 = ("-c:v", "libx264", "-bf", "2")
MPEG2 = ("-c:v", "mpeg2video", "-bf", "2")


def recording(path, colour, hertz, seconds, *, codec, output=(), rate=25):
    sound = () if hertz is None else ((hertz, seconds),)
    encode = ("-c:a", "mp2", *output)
    return colour_clip(
        path, ((colour, seconds),), tones=sound, codec=codec, output=encode, rate=rate
    )


def joined(path, *recordings):
    path.write_bytes(b"".join(one.read_bytes() for one in recordings))
    return path


def look(path, starts):
    video = open_video(
        path,
        SPEC,
        lambda info: plan_at(info, SPEC.inputs, starts),
        limits=DecodeLimits(),
        deadline=Deadline(60),
    )
    frames = video.recognition_inputs("rgb", range(len(starts)))
    return video, [{colour_of(frame) for frame in segment} for segment in frames]


@pytest.mark.parametrize(("container", "codec"), [("ts", H264), ("mpg", MPEG2), ("vob", MPEG2)])
@pytest.mark.parametrize("lengths", [(6, 6), (3, 9), (9, 3)])
def test_a_clock_that_starts_anew(tmp_path, container, codec, lengths):
    first, second = lengths
    one = recording(tmp_path / f"a.{container}", "red", 500, first, codec=codec)
    two = recording(tmp_path / f"b.{container}", "green", 2000, second, codec=codec)
    path = joined(tmp_path / f"c.{container}", one, two)
    starts = (0.5, first - 1.5, first + 0.5, 10.5)

    video, colours = look(path, starts)

    assert colours == [{"red"}, {"red"}, {"green"}, {"green"}]
    heard = video.recognition_inputs("audio", range(len(starts)))
    tones = [tone_of(one) for one in heard]
    assert tones == pytest.approx([500, 500, 2000, 2000], abs=100)
    assert video.info.duration_seconds == pytest.approx(12, abs=0.3)
    assert [w.code for w in video.warnings] == ["clock_jumps"]


def test_a_clock_that_leaps_ahead_three_times(tmp_path):
    parts = [("red", 0), ("green", 100), ("blue", 5000), ("white", 20)]
    made = [
        recording(
            tmp_path / f"{colour}.ts",
            colour,
            None,
            4,
            codec=H264,
            output=("-output_ts_offset", str(offset)),
        )
        for colour, offset in parts
    ]

    video, colours = look(joined(tmp_path / "c.ts", *made), (1.5, 5.5, 9.5, 13.5))

    assert colours == [{"red"}, {"green"}, {"blue"}, {"white"}]
    assert video.info.duration_seconds == pytest.approx(16, abs=0.3)
    assert "3 times" in video.warnings[0].detail


def test_a_pause_of_the_pictures_is_no_jump(tmp_path):
    silent = colour_clip(tmp_path / "v.mp4", (("red", 3), ("green", 3)))
    # Of the pictures from second 3 on, 20 s later; the sound goes on all the time.
    ffmpeg(
        *("-i", silent, "-f", "lavfi", "-i", "sine=500:d=26"),
        *("-vf", "setpts=PTS+gte(T\\,3)*20/TB", "-fps_mode", "passthrough"),
        *("-c:v", "libx264", "-c:a", "aac", tmp_path / "c.ts"),
    )

    video, colours = look(tmp_path / "c.ts", (1.0, 10.0, 23.5))

    assert colours == [{"red"}, {"red"}, {"green"}]
    assert video.info.duration_seconds == pytest.approx(26, abs=0.3)
    assert "clock_jumps" not in [w.code for w in video.warnings]


def test_only_pieces_of_a_large_file_are_read_for_signs_of_a_jump(tmp_path, monkeypatch):
    one = recording(tmp_path / "a.ts", "red", 500, 30, codec=H264)
    two = recording(tmp_path / "b.ts", "green", 500, 30, codec=H264)
    path = joined(tmp_path / "c.ts", one, two)
    monkeypatch.setattr(clock, "MAX_WHOLE_BYTES", 1000)
    monkeypatch.setattr(clock, "PIECE_BYTES", path.stat().st_size // 100)

    assert may_jump(path)
    assert not may_jump(one)


def packets(*times, stream=0):
    return [Packet(None, 0.04, False, stream, time) for time in times]


def test_jumps_are_counted_where_a_stream_goes_back_or_all_leap():
    jitter = packets(0.0, 0.12, 0.04, 0.08)
    assert count_jumps(jitter) == 0
    assert count_jumps([*jitter, *packets(0.0), *packets(0.0, stream=1)]) == 0
    late_sound = [*packets(8.0, 8.04), *packets(0.5, stream=1), *packets(8.08)]
    assert count_jumps(late_sound) == 0
    paused = [*packets(1.0, 30.0), *packets(*range(1, 31), stream=1)]
    assert count_jumps(paused) == 0
    assert count_jumps(packets(*range(0, 200, 12))) == 0
    anew = [*packets(8.0), *packets(8.0, stream=1), *packets(0.0), *packets(0.0, stream=1)]
    assert count_jumps(anew) == 1
    ahead = [*packets(1.0), *packets(1.0, stream=1), *packets(90.0, stream=1), *packets(90.0)]
    assert count_jumps(ahead) == 1
