"""From a file to the networks' arrays, as the classifier and training ask for them."""

import dataclasses

import numpy as np
import pytest

from model.common.deadline import Deadline
from model.common.errors import UndecodableVideoError
from model.inputs.arrays import Crop
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.frames import frame_decoder, frame_reader
from model.inputs.frames.frame_command import scaled_size
from model.inputs.frames.frame_reader import FrameReader
from model.inputs.open_video import open_video
from model.spec.presets import preset
from tests.support.clips import colour_clip, colour_of, ffmpeg
from tests.support.models import tiny_spec
from tests.support.moving_clip import moving_clip

SPEC = tiny_spec()
PAPER = preset("rgb-audio-flow", ["a", "b"])


def look(path, segments=4, *, spec=SPEC, **others):
    return open_video(path, spec, segments, limits=DecodeLimits(), deadline=Deadline(60), **others)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_clip(tmp_path_factory.mktemp("clips") / "c.mp4", seconds=4)


@pytest.fixture
def decoded_frames(monkeypatch):
    """How many frames each ffmpeg process handed over."""
    counts = []
    real = frame_reader.shown_times

    def counting(log, num_runs):
        times = real(log, num_runs)
        counts.append(sum(map(len, times)))
        return times

    monkeypatch.setattr(frame_reader, "shown_times", counting)
    return counts


def test_shapes_at_paper_size(clip):
    video = look(clip, 3, spec=PAPER)

    assert video.policy_inputs("rgb").shape == (3, 4, 224, 224, 3)
    assert video.policy_inputs("flow").shape == (3, 4, 224, 224, 15)
    assert video.policy_inputs("audio").shape == (3, 256, 256)
    assert video.recognition_inputs("rgb", [2]).shape == (1, 8, 224, 224, 3)
    assert video.recognition_inputs("flow", [0, 2]).shape == (2, 8, 224, 224, 10)
    assert video.recognition_inputs("audio", [1]).shape == (1, 256, 256)
    assert video.recognition_inputs("rgb", [2]).dtype == np.uint8
    assert video.recognition_inputs("audio", [2]).dtype == np.float32


def test_policy_frames_are_every_second_recognition_frame(clip):
    video = look(clip, 2, spec=PAPER)

    seen = video.recognition_inputs("rgb", [0, 1])
    assert np.array_equal(video.policy_inputs("rgb"), seen[:, ::2])


def test_rows_are_the_segments_asked_for(clip):
    video = look(clip, 4)

    everything = video.recognition_inputs("rgb", range(4))
    assert np.array_equal(video.recognition_inputs("rgb", [3, 1]), everything[[3, 1]])


def test_opening_twice_gives_the_same_bytes(clip):
    first, second = look(clip), look(clip)

    for name in SPEC.modality_names:
        assert np.array_equal(first.policy_inputs(name), second.policy_inputs(name))
        rows = range(4)
        assert np.array_equal(
            first.recognition_inputs(name, rows), second.recognition_inputs(name, rows)
        )


def test_flow_is_computed_when_asked_for_and_once(clip):
    video = look(clip)
    assert video.flow_pairs_computed == 0
    video.policy_inputs("flow")
    assert video.flow_pairs_computed == 0

    video.recognition_inputs("flow", [1])
    some = video.flow_pairs_computed
    assert 0 < some < video.flow_pairs_total
    video.recognition_inputs("flow", [1])
    assert video.flow_pairs_computed == some
    video.recognition_inputs("flow", range(4))
    assert video.flow_pairs_computed == video.flow_pairs_total


def test_flow_as_its_own_proxy_counts(clip):
    video = look(clip, spec=tiny_spec(flow_proxy="flow"))

    video.policy_inputs("flow")

    assert 0 < video.flow_pairs_computed < video.flow_pairs_total


def test_a_model_without_flow_has_no_pairs(clip):
    assert look(clip, spec=preset("rgb-audio", ["a", "b"])).flow_pairs_total == 0


def test_a_model_that_does_not_listen_misses_no_sound(tmp_path):
    silent = moving_clip(tmp_path / "c.mp4", seconds=2, sound=False)

    assert look(silent, spec=preset("rgb-flow", ["a", "b"])).warnings == ()


def test_a_crop_holds_for_everything(clip):
    plain, mirrored = look(clip), look(clip, crop=Crop(mirrored=True))

    assert np.array_equal(
        mirrored.recognition_inputs("rgb", [0]), plain.recognition_inputs("rgb", [0])[:, :, :, ::-1]
    )


@pytest.mark.parametrize("count", [1, 2])
def test_very_few_frames(tmp_path, count):
    path = tmp_path / "c.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25", "-frames:v", count, path)

    video = look(path, 4, spec=PAPER)

    assert video.info.duration_seconds == pytest.approx(count / 25)
    assert video.flow_pairs_total == count - 1
    images = video.recognition_inputs("rgb", range(4))
    assert len({image.tobytes() for image in images[0]}) == count
    assert video.recognition_inputs("flow", [0]).shape == (1, 8, 224, 224, 10)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, (456, 256)),
        (320, 240, (342, 256)),
        (64, 64, (256, 256)),
        (1000, 100, (512, 256)),
        (90, 999, (256, 512)),
    ],
)
def test_scaled_size(clip, width, height, expected):
    info = dataclasses.replace(look(clip).info, width=width, height=height)

    assert scaled_size(info, 256) == expected


def test_a_panorama_shows_its_middle(tmp_path):
    path = tmp_path / "c.mp4"
    sides = "drawbox=x=0:w=200:c=red:t=fill,drawbox=x=600:w=200:c=red:t=fill"
    ffmpeg("-f", "lavfi", "-i", "color=blue:s=800x64:r=25:d=1", "-vf", sides, path)

    video = look(path, 1)

    assert (video.info.width, video.info.height) == (800, 64)
    assert colour_of(video.recognition_inputs("rgb", [0])) == "blue"


def test_frames_that_change_their_size(tmp_path):
    """As a call recorded on a mobile phone: the second part has another size."""
    parts = [
        colour_clip(tmp_path / f"{colour}.ts", ((colour, 2),), size=size)
        for colour, size in (("red", "96x64"), ("blue", "160x96"))
    ]
    path = tmp_path / "c.ts"
    ffmpeg("-i", f"concat:{parts[0]}|{parts[1]}", "-c", "copy", path)

    images = look(path, 3).recognition_inputs("rgb", [0, 2])

    assert [colour_of(segment) for segment in images] == ["red", "blue"]


def test_an_hour_costs_what_a_minute_costs(tmp_path, decoded_frames):
    """One hour is one minute sixty times; what is decoded of either is bounded by the windows."""
    minute = colour_clip(tmp_path / "minute.mp4", (("red", 60),), rate=25)
    hour = tmp_path / "hour.mp4"
    ffmpeg("-stream_loop", "59", "-i", minute, "-c", "copy", hour)

    short = look(minute, 10)
    of_minute = sum(decoded_frames)
    decoded_frames.clear()
    long = look(hour, 10)

    assert long.info.duration_seconds == pytest.approx(3600, abs=1)
    assert [s.start_seconds for s in long.segments][-1] == pytest.approx(3598.72, abs=0.05)
    assert sum(decoded_frames) <= of_minute + 10
    assert len(long.arrays.frames) == len(short.arrays.frames)


def test_a_truncated_file_is_classified_over_what_exists(tmp_path):
    parts = (("red", 10), ("green", 10), ("blue", 10), ("white", 10))
    whole = colour_clip(tmp_path / "whole.mp4", parts, output=("-movflags", "+faststart"))
    content = whole.read_bytes()
    start = content.index(b"mdat")
    path = tmp_path / "c.mp4"
    path.write_bytes(content[: start + (len(content) - start) // 2])

    video = look(path, 5)

    assert "truncated" in [warning.code for warning in video.warnings]
    assert 5 < video.info.duration_seconds < 35
    assert video.segments[-1].end_seconds <= video.info.duration_seconds + 0.001
    colours = [colour_of(one) for one in video.recognition_inputs("rgb", range(5))]
    assert colours[0] == "red"
    assert colours[-1] != "red"


def test_a_damaged_middle_is_bridged_and_told(tmp_path):
    source, path = colour_clip(tmp_path / "s.mkv", (("red", 2), ("blue", 2))), tmp_path / "c.mkv"
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)

    video = look(path, 3)

    assert colour_of(video.recognition_inputs("rgb", [0])) == "red"
    assert len(video.recognition_inputs("rgb", range(3))) == 3


@pytest.fixture
def threads_used(monkeypatch):
    """Of each process that decoded pictures."""
    used = []
    real = FrameReader._run

    def recording(reader, runs, threads):
        used.append(threads)
        return real(reader, runs, threads)

    monkeypatch.setattr(FrameReader, "_run", recording)
    return used


def test_small_frames_are_decoded_by_one_thread(tmp_path, threads_used):
    look(moving_clip(tmp_path / "whole.mp4", seconds=3, size="320x240"))

    assert threads_used == [1]


def test_a_lone_process_has_several_threads_unless_the_stream_is_damaged(
    tmp_path, threads_used, monkeypatch
):
    """Threads patch up damage differently each time."""
    monkeypatch.setattr(frame_decoder, "SMALL_PIXELS", 0)
    path = moving_clip(tmp_path / "whole.mp4", seconds=3, size="320x240")
    whole = look(path).recognition_inputs("rgb", range(4))
    assert threads_used == [frame_decoder.LONE_PROCESS_THREADS]
    assert frame_decoder.LONE_PROCESS_THREADS > 1

    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4000
    content[start : start + 300] = bytes(300)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    threads_used.clear()
    patched = [look(damaged).recognition_inputs("rgb", range(4)) for _ in range(4)]

    assert threads_used == [frame_decoder.LONE_PROCESS_THREADS, 1] * 4
    assert not np.array_equal(whole, patched[0])
    assert all(np.array_equal(one, patched[0]) for one in patched)


def test_threads_do_not_change_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(frame_decoder, "SMALL_PIXELS", 0)
    path = moving_clip(tmp_path / "c.mp4", seconds=3, size="320x240")
    several = look(path).recognition_inputs("rgb", range(4))
    monkeypatch.setattr(frame_decoder, "LONE_PROCESS_THREADS", 1)

    assert np.array_equal(several, look(path).recognition_inputs("rgb", range(4)))


@pytest.fixture(scope="module")
def minute(tmp_path_factory):
    """Of which every window is a run for itself."""
    return moving_clip(tmp_path_factory.mktemp("minute") / "c.mp4", seconds=60, size="160x120")


@pytest.fixture
def runs_read(monkeypatch):
    """By how many runs each process that decoded pictures was asked for."""
    counts = []
    real = FrameReader._run

    def recording(reader, runs, threads):
        counts.append(len(runs))
        return real(reader, runs, threads)

    monkeypatch.setattr(FrameReader, "_run", recording)
    return counts


def test_runs_share_processes_and_give_the_same_pictures(minute, runs_read, monkeypatch):
    together = look(minute, 10).recognition_inputs("rgb", range(10))
    assert sorted(runs_read) == [5, 5]
    runs_read.clear()
    monkeypatch.setattr(frame_decoder, "MAX_SHARED_PIXELS", 0)

    alone = look(minute, 10).recognition_inputs("rgb", range(10))

    assert runs_read == [1] * 10
    assert np.array_equal(together, alone)


def test_trouble_in_one_run_has_each_read_for_itself(minute, runs_read, tmp_path):
    content = bytearray(minute.read_bytes())
    start = content.index(b"mdat")
    middle = start + (content.index(b"moov") - start) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    path = tmp_path / "c.mp4"
    path.write_bytes(content)

    images = look(path, 10).recognition_inputs("rgb", range(10))

    assert runs_read.count(5) == 2
    assert runs_read.count(1) >= 5
    whole = look(minute, 10).recognition_inputs("rgb", range(10))
    same = [np.array_equal(*both) for both in zip(images, whole, strict=True)]
    assert sum(same) >= 8
    assert not all(same)


def test_a_stream_without_a_duration(tmp_path):
    """A live recording: nobody went back to write how long it became."""
    path = tmp_path / "c.webm"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=red:s=96x64:r=25:d=5", "-c:v", "libvpx"),
        *("-f", "webm", "-live", "1", path),
    )

    assert look(path).info.duration_seconds == pytest.approx(5, abs=0.1)


def test_a_raw_stream(tmp_path):
    path = colour_clip(tmp_path / "c.h264", (("red", 3), ("blue", 3)))

    video = look(path, 2)

    assert video.info.duration_seconds == pytest.approx(6, abs=0.2)
    images = video.recognition_inputs("rgb", [0, 1])
    assert [colour_of(segment) for segment in images] == ["red", "blue"]


def test_no_frame_at_all(tmp_path):
    """Headers without a single picture behind them."""
    source, path = colour_clip(tmp_path / "s.mkv", (("red", 2),)), tmp_path / "c.mkv"
    ffmpeg("-i", source, "-c", "copy", "-bsf:v", "noise=amount=1", path)

    with pytest.raises(UndecodableVideoError):
        look(path)


def test_names_that_look_like_options_or_addresses(tmp_path, clip, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-i.mp4", "http:c.mp4", "a%03d.mp4", "ü b\n.mp4"):
        path = tmp_path / name
        path.write_bytes(clip.read_bytes())
        assert look(path.relative_to(tmp_path), 1).info.width == 160
