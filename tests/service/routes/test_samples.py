"""Samples: what the page offers, and that committed code makes them."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from cli.main import app
from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import programs, version_of
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.probe import probe
from service.samples.clips import SAMPLES, bundled_clip, make_sample

MAX_BYTES = 500_000
# The ffmpeg that wrote the bundled clips.
WRITER = "n8.1.2"


def test_list_names_clips_that_are_there(client):
    samples = client.get("/samples").json()["samples"]

    assert [sample["name"] for sample in samples] == [sample.name for sample in SAMPLES]
    for sample in samples:
        clip = client.get(f"/samples/{sample['name']}")
        assert clip.headers["content-type"] == "video/mp4"
        assert len(clip.content) == sample["bytes"]


def test_clips_are_small_enough_for_the_package():
    assert sum(bundled_clip(sample.name).stat().st_size for sample in SAMPLES) < MAX_BYTES


def test_part_of_a_clip(client):
    part = client.get("/samples/portrait.mp4", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_no_other_file_is_served(client):
    assert client.get("/samples/nothing.mp4").json()["code"] == "not_found"
    assert client.get("/samples/..%2Fclips.py").status_code == 404


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_clips_are_what_they_say(sample):
    limits = DecodeLimits()
    deadlines = Deadlines.start(Deadline(60), limits)
    video = probe(bundled_clip(sample.name), limits=limits, deadlines=deadlines)

    assert (video.width, video.height) == (sample.width, sample.height)
    assert video.duration_seconds == pytest.approx(sample.seconds, abs=0.1)
    assert (video.audio_codec is None) == (sample.stretches[0].sound is None)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_bundled_clip_is_what_the_code_makes(tmp_path, sample):
    """Each of them, byte for byte."""
    if version_of(programs().ffmpeg) != WRITER:
        pytest.skip(f"another ffmpeg than {WRITER} writes other bytes")
    made = make_sample(sample, tmp_path)
    assert made.read_bytes() == bundled_clip(sample.name).read_bytes()


def test_command_writes_them(tmp_path, monkeypatch):
    def copy(sample, folder):
        return shutil.copy(bundled_clip(sample.name), folder / sample.name)

    monkeypatch.setattr("service.samples.clips.make_sample", copy)
    result = CliRunner().invoke(app, ["samples", str(tmp_path)])

    assert result.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(s.name for s in SAMPLES)
