"""Sixty clips of two classes: what is drawn, and what is told of a draw."""

import json
from pathlib import Path

import pytest

from tests.support.training_run import RUN, prepare_run
from training.data.sources.sample import Sample
from training.experiment import few_videos
from training.experiment.few_videos import CLIPS, draw, run, summary
from training.experiment.results import section


def samples(labels="abc", *, groups=12, clips_of_group=5):
    return [
        Sample(Path(f"{label}{group}_{number}.mp4"), (label,), "train", f"{label}{group}")
        for label in labels
        for group in range(groups)
        for number in range(clips_of_group)
    ]


def test_a_draw_is_of_two_classes_and_others_are_of_other_sources():
    mine, others = draw(samples(), seed=1)

    for some in (mine, others):
        assert len({sample.label for sample in some}) == 2
    assert [sum(one.label == label for one in mine) for label in {one.label for one in mine}] == [
        CLIPS,
        CLIPS,
    ]
    assert not {one.group for one in mine} & {one.group for one in others}
    assert {one.label for one in mine} == {one.label for one in others}


def test_a_draw_depends_on_its_seed_alone():
    assert draw(samples(), seed=1) == draw(list(reversed(samples())), seed=1)
    assert draw(samples(), seed=1) != draw(samples(), seed=2)


def test_classes_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match=r"classes of 40 clips: .*'a'.*; 2 are needed"):
        draw([*samples("a"), *samples("b", groups=7)], seed=0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """One whole draw of tiny networks; its folder, and what was told of it."""
    folder = tmp_path_factory.mktemp("few")
    prepare_run(folder, videos_per_label=5)
    config = folder / "few.toml"
    config.write_text(RUN.format(output="unused"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(few_videos, "CLIPS", 4)
        row = run(folder / "manifest.csv", config, folder / "draws", 0)
        again = run(folder / "manifest.csv", folder / "no config is read", folder / "draws", 0)
    return folder / "draws", row, again


def test_what_is_told_of_a_draw(drawn):
    folder, row, again = drawn
    assert row == again == json.loads((folder / "draw0.json").read_text())
    assert sorted(row["labels"]) == ["tall", "wide"]
    assert row["others"] > 0
    assert set(row["rows"]) >= {"adaptive", row["dense"]}
    assert row["promise"] in [one["promised"] for one in row["curve"]]
    assert row["promise"]["videos"] == row["validation_videos"] > 0


def test_the_summary_counts_draws_and_promises(drawn):
    _, row, _ = drawn
    below = json.loads(json.dumps(row))
    below["differences"] = {row["dense"]: {"low": -0.3, "mean": -0.2, "high": -0.1}}
    told = summary("tiny", [row, below])

    points = 2 * len(row["curve"])
    kept = 2 * sum(one["within"] == "yes" for one in row["curve"])
    near = 2 * sum(
        abs(one["gflops"] / one["promised"]["gflops"] - 1) <= 0.05 for one in row["curve"]
    )
    already = row["differences"].get(row["dense"], {"high": 0})["high"] < 0
    assert told["about"] == (
        f"{1 + already} of 2 draws below dense by more than the paired interval;"
        f" {kept} of {points} points of the curves measured within the accuracy that they promise,"
        f" {near} within 5 % of the GFLOPs."
    )
    head, _, *lines = section(told).splitlines()[4:]
    assert head.startswith("| classes | validation clips |")
    assert len(lines) == 2
    assert "| -20.0 (-30.0 to -10.0) |" in lines[1]
