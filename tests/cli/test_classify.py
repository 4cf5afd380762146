"""adamml classify chooses as the classifier does."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from model.common.errors import BudgetTooSmallError, InvalidParameterError
from tests.support.curves import write_curved
from tests.support.moving_clip import moving_clip


@pytest.fixture(scope="module")
def run(tiny_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classify")
    model = write_curved(tiny_bundle, folder / "curved.adamml")
    clip = moving_clip(folder / "clip.mp4")

    def classify(*options):
        arguments = ["classify", str(clip), "--model", str(model), *options]
        return CliRunner().invoke(app, arguments)

    return classify


def test_a_budget_sets_threshold_and_segments(run):
    answer = json.loads(run("--json", "--budget", "0.5").stdout)

    assert len(answer["segments"]) == 2
    assert (answer["policy"]["threshold"], answer["policy"]["budget"]) == (0.9, 0.5)


def test_a_budget_that_cannot_be_kept_is_refused(run):
    assert isinstance(run("--budget", "0.1").exception, BudgetTooSmallError)
    both = run("--budget", "0.5", "--segments", "2")
    assert isinstance(both.exception, InvalidParameterError)


def test_a_timeline_in_every_format(run):
    table = run("--every-seconds", "1", "--timeline").stdout.splitlines()
    assert table[0].endswith("clip.mp4:")
    assert table[1].startswith("  0:00:00.00 - ")

    header, first, *_ = run("--every-seconds", "1", "--csv").stdout.splitlines()
    assert header == "video,start_seconds,end_seconds,label,index,score"
    assert first.split(",")[1] == "0.000"

    number, times, label, *_ = run("--every-seconds", "1", "--srt").stdout.splitlines()
    assert number == "1"
    assert times.startswith("00:00:00,000 --> 00:00:0")
    assert label.endswith("%)")

    entries = json.loads(run("--every-seconds", "1", "--json").stdout)["timeline"]
    assert entries[0]["start_seconds"] == 0


def test_one_format_at_a_time(run):
    assert "--csv and --srt are both given" in run("--csv", "--srt").output


def test_unknown_labels_are_no_subtitles(run):
    assert run("--min-score", "1", "--srt").stdout.strip() == ""
    row = run("--min-score", "1", "--csv").stdout.splitlines()[1]
    assert row.split(",")[3:5] == ["", ""]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_figure_of_the_segments(run, tmp_path, kind):
    path = tmp_path / f"strip.{kind}"

    result = run("--segments", "3", "--figure", str(path))

    assert result.exit_code == 0, result.output
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG" if kind == "png" else b"<?xml")
    if kind == "svg":
        # All thumbnails are one image there.
        assert content.count(b"<image ") == 1


def test_a_figure_of_another_kind_is_refused_before_anything_is_computed(run, tmp_path):
    result = run("--figure", str(tmp_path / "strip.gif"))

    assert result.exit_code == 2
    assert "--figure" in result.output


def test_ceilings_of_a_public_service_can_be_moved(run):
    short = run("--max-video-seconds", "0.5")
    small = run("--max-frame-pixels", "100")

    assert (short.exit_code, small.exit_code) == (1, 1)
    assert "allowed are 0.5 s" in short.output
    assert "allowed are at most 100 pixels" in small.output
    assert run("--max-video-seconds", "1e6", "--max-frame-pixels", "99999999").exit_code == 0
