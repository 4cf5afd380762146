"""A file as a stream: the very frames and sounds that each segment by itself would get."""

import dataclasses

import numpy as np
import pytest

from model.common.deadline import Deadline
from model.common.errors import DeadlineExceededError, UndecodableVideoError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from model.inputs.placement.sampling import NetworksInUse
from model.inputs.placement.segments import grid_rate, plan_at
from model.inputs.streaming import open_stream
from model.inputs.streaming.open_stream import FileStream
from tests.support.clips import colour_clip, ffmpeg, tone_of
from tests.support.models import tiny_spec
from tests.support.moving_clip import moving_clip

SPEC = tiny_spec()
NETWORKS = NetworksInUse.all_of(SPEC)


def stream_of(path, every, networks=NETWORKS, **limits):
    return FileStream(path, networks, every, limits=DecodeLimits(**limits), deadline=Deadline(60))


def alone(path, info, start):
    """The segment at one start, decoded for itself."""

    def plan_for(_):
        last = max(
            0.0, info.duration_seconds - SPEC.inputs.span_frames / grid_rate(info, SPEC.inputs)
        )
        return plan_at(info, SPEC.inputs, [min(start, last)])

    return open_video(path, SPEC, plan_for, limits=DecodeLimits(), deadline=Deadline(60))


def assert_same(streamed, single):
    for name in SPEC.modality_names:
        assert np.array_equal(streamed.policy_inputs(name), single.policy_inputs(name))
        ours, theirs = (one.recognition_inputs(name, [0]) for one in (streamed, single))
        assert np.array_equal(ours, theirs)
    assert np.array_equal(streamed.available(), single.available())


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "mov", "flv"])
def test_segments_are_what_each_alone_would_be(tmp_path, container):
    path = moving_clip(tmp_path / f"c.{container}", seconds=9.3)
    stream = stream_of(path, 1.0)

    segments = list(stream)

    assert [s.slot for s in segments] == list(range(10))
    assert [s.start_seconds for s in segments] == list(range(10))
    assert segments[-1].end_seconds == stream.info.duration_seconds
    for segment in segments[::3]:
        single = alone(path, stream.info, segment.start_seconds)
        ours, theirs = segment.video.policy_inputs("rgb"), single.policy_inputs("rgb")
        assert np.array_equal(ours, theirs)
        heard = [one.recognition_inputs("audio", [0]) for one in (segment.video, single)]
        # Where decoding began tells on the last digits, which logarithms enlarge in silence.
        assert tone_of(heard[0][0]) == tone_of(heard[1][0])
        assert np.abs(heard[0] - heard[1]).mean() < 0.5


def test_every_input_of_a_plain_clip_is_the_same(tmp_path):
    path = moving_clip(tmp_path / "c.mp4", seconds=4)
    stream = stream_of(path, 0.5)
    for segment in stream:
        single = alone(path, stream.info, segment.start_seconds)
        for name in ("rgb", "flow"):
            ours, theirs = (v.recognition_inputs(name, [0]) for v in (segment.video, single))
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("rate", ["12", "60", "30000/1001"])
def test_other_rates(tmp_path, rate):
    path = moving_clip(tmp_path / "c.mp4", seconds=3, rate=rate)
    stream = stream_of(path, 1.0)
    for segment in stream:
        single = alone(path, stream.info, segment.start_seconds)
        assert segment.video.segments[0].first_frame == single.segments[0].first_frame
        ours, theirs = (v.recognition_inputs("rgb", [0]) for v in (segment.video, single))
        assert np.array_equal(ours, theirs)


def test_seeking_gives_the_same_segments(tmp_path, monkeypatch):
    path = moving_clip(tmp_path / "c.mp4", seconds=21)
    in_one_go = list(stream_of(path, 2.0))
    monkeypatch.setattr(open_stream, "SEEK_SECONDS", 1.0)
    by_seeking = list(stream_of(path, 2.0))

    assert len(in_one_go) == len(by_seeking) == 11
    for ours, theirs in zip(in_one_go, by_seeking, strict=True):
        without = [dataclasses.replace(one, video=None) for one in (ours, theirs)]
        assert without[0] == without[1]
        assert ours.video.segments == theirs.video.segments
        assert np.array_equal(ours.video.policy_inputs("rgb"), theirs.video.policy_inputs("rgb"))


def test_what_was_looked_at_is_let_go(tmp_path):
    path = moving_clip(tmp_path / "c.mp4", seconds=20, size="64x48")
    spans = {len(segment.video.arrays.frames) for segment in stream_of(path, 1.0)}

    assert max(spans) <= SPEC.inputs.span_frames + 2


def test_no_sound_is_said_once(tmp_path):
    stream = stream_of(moving_clip(tmp_path / "c.mp4", sound=False), 1.0)

    segments = list(stream)

    assert [warning.code for warning in stream.warnings] == ["no_audio_stream"]
    column = SPEC.modality_names.index("audio")
    assert not any(segment.video.available()[0, column] for segment in segments)


def test_nothing_is_heard_where_no_network_listens(tmp_path):
    path = moving_clip(tmp_path / "c.mp4")
    stream = stream_of(path, 1.0, NetworksInUse(SPEC, False, frozenset({"rgb"})))

    assert all(segment.video.sound.is_unheard for segment in stream)


def cut_off(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_a_file_that_ends_early_ends_the_stream(tmp_path):
    path = tmp_path / "c.mkv"
    ffmpeg("-i", moving_clip(tmp_path / "a.mp4", seconds=12), "-c", "copy", path)
    stream = stream_of(cut_off(path, 0.5), 1.0)

    segments = list(stream)

    assert [warning.code for warning in stream.warnings] == ["truncated"]
    assert 4 < stream.info.duration_seconds < 8
    assert abs(segments[-1].end_seconds - stream.info.duration_seconds) <= 2


def test_damage_in_the_middle_is_passed_over(tmp_path):
    """Ten seconds of zeros in the middle: those segments have a reason, the others are there."""
    whole = moving_clip(tmp_path / "a.mp4", seconds=30, sound=False)
    path = tmp_path / "c.mp4"
    ffmpeg("-i", whole, "-g", "12", "-bf", "0", "-b:v", "300k", "-minrate", "300k", path)
    content = bytearray(path.read_bytes())
    begin, end = len(content) * 10 // 30, len(content) * 20 // 30
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)
    stream = stream_of(path, 1.0)

    segments = list(stream)

    lost = [segment.slot for segment in segments if segment.video is None]
    assert len(segments) == 30
    assert 5 <= len(lost) <= 11
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert lost[0] >= 9
    assert lost[-1] <= 21
    assert segments[lost[0]].reason


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "c.mp4").write_bytes(b"no video at all" * 100)

    with pytest.raises(UndecodableVideoError):
        stream_of(tmp_path / "c.mp4", 1.0)


def test_a_deadline_ends_it_and_its_programs(tmp_path):
    path = colour_clip(tmp_path / "c.mp4", (("red", 20),))
    deadline = Deadline(60)
    stream = iter(FileStream(path, NETWORKS, 1.0, limits=DecodeLimits(), deadline=deadline))
    next(stream)
    deadline.cancel()

    with pytest.raises(DeadlineExceededError):
        list(stream)


def test_channels_that_cancel_are_heard_by_the_first(tmp_path):
    clip = colour_clip(tmp_path / "c.mp4", (("red", 4),), tones=((2000, 4),))
    path = tmp_path / "o.mkv"
    opposite = ("-af", "pan=stereo|c0=c0|c1=-1*c0", "-c:a", "flac")
    ffmpeg("-i", clip, "-c:v", "copy", *opposite, path)
    stream = stream_of(path, 1.0)

    heard = [segment.video.recognition_inputs("audio", [0]) for segment in stream]

    assert [tone_of(one[0]) for one in heard] == pytest.approx([2000] * 4, abs=100)
    assert "audio_channels_cancel" in [warning.code for warning in stream.warnings]


def test_a_pause_of_the_frames_is_shown_and_not_lost(tmp_path):
    silent = colour_clip(tmp_path / "v.mp4", (("red", 3), ("green", 3)), rate=20)
    paused = ("-vf", "select='lt(t,2)+gte(t,5)'", "-fps_mode", "passthrough", "-c:v", "libx264")
    path = tmp_path / "c.mkv"
    ffmpeg("-i", silent, *paused, path)

    segments = list(stream_of(path, 0.5))

    assert all(segment.video is not None for segment in segments)
