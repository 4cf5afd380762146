"""A comparison from its file to its table and figure, on the clips of the tiny run."""

import json

import pytest

from tests.support.training_run import RUN
from training.compared import learning
from training.compared.learning import Learning
from training.experiment.comparing import measuring
from training.experiment.comparing.comparison import read_comparison
from training.experiment.comparing.table import comparison_table
from training.experiment.results import write_results
from training.experiment.tabulating import measure_table

COMPARISON = """
title = "Tiny"
bases = { clips = "base.toml" }
output = "runs"
seeds = [0]
reference = "ours"
[common]
joint = { warmup_epochs = 0, alternating_epochs = 1, finetune_epochs = 0 }
[runs]
dense = { joint.keeps_all = true, joint.drop_audio = 0.0, model.modalities = ["rgb", "audio"] }
ours = {}
[[rows]]
name = "everything"
run = "dense"
system = "dense"
[[rows]]
name = "sampler"
run = "dense"
system = "scsampler"
[[rows]]
name = "ours"
run = "ours"
system = "adamml"
"""


@pytest.fixture(scope="module")
def measured(run_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    text = RUN.format(output="unused")
    for name in ("spec.json", "manifest.csv", "cache"):
        text = text.replace(f'"{name}"', f'"{run_folder / name}"')
    (folder / "base.toml").write_text(text)
    (folder / "tiny.toml").write_text(COMPARISON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning.learn, "__kwdefaults__", {"settings": Learning(epochs=2)})
        return folder, measure_table(folder / "tiny.toml")


def test_every_row_has_its_point_its_curve_and_its_difference(measured):
    everything, sampler, ours = measured[1]["comparisons"]["clips"]

    assert [row["system"] for row in (everything, sampler, ours)] == [
        "dense",
        "scsampler",
        "adamml",
    ]
    assert everything["modalities"] == ["rgb", "audio"]
    assert ours["modalities"] == ["rgb", "audio", "flow"]
    assert ours["is_reference"]
    assert ours["difference"] is None
    low, high = (sampler["difference"][key] for key in ("low", "high"))
    assert low <= sampler["difference"]["mean"] <= high
    for row in (everything, sampler, ours):
        assert len(row["accuracy"]) == len(row["gflops"]) == len(row["curves"]) == 1
        assert row["curves"][0]


def test_what_is_measured_is_kept_and_not_measured_again(measured, monkeypatch):
    folder, first = measured
    monkeypatch.setattr(measuring, "measure_system", lambda *_: pytest.fail("measured"))

    assert measure_table(folder / "tiny.toml") == first


def test_results_come_with_a_table_a_page_and_a_figure(measured, tmp_path):
    page = tmp_path / "README.md"
    page.write_text("<!-- begin tiny -->\n<!-- end tiny -->")
    write_results(tmp_path, "tiny", measured[1])

    table = comparison_table(json.loads((tmp_path / "tiny.json").read_text()))
    assert "**clips**, seeds: 0" in table
    assert "+-" not in table
    assert "| against ours | at its cost |" in table
    assert table in page.read_text()
    drawn = (tmp_path / "compared.svg").read_text()
    assert "<svg" in drawn
    write_results(tmp_path, "tiny", measured[1])
    assert (tmp_path / "compared.svg").read_text() == drawn


OTHERS = """
[runs_on.clips]
ours = { recipe = "other.toml", model.modalities = ["rgb"] }
"""


def test_a_run_can_be_another_on_one_data_set(tmp_path):
    (tmp_path / "other.toml").write_text("[joint]\ndrop_audio = 0.5")
    text = COMPARISON.replace('{ clips = "base.toml" }', '{ clips = "a.toml", more = "b.toml" }')
    (tmp_path / "tiny.toml").write_text(text + OTHERS)

    comparison = read_comparison(tmp_path / "tiny.toml")

    changed = {"joint": {"drop_audio": 0.5}, "model": {"modalities": ["rgb"]}}
    assert comparison.on("clips").runs["ours"] == changed
    assert comparison.on("more").runs["ours"] == {}
    assert comparison.on("clips").runs["dense"] == comparison.on("more").runs["dense"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COMPARISON + OTHERS.replace("clips", "films"), r"runs_on\.films has \['ours'\]"),
        (COMPARISON + OTHERS.replace("ours", "theirs"), r"runs_on\.clips has \['theirs'\]"),
        (COMPARISON.replace('run = "ours"', 'run = "our"'), r"rows are of .*'our'"),
        (COMPARISON.replace('reference = "ours"', 'reference = "none"'), "'none' is no row"),
        (COMPARISON.replace('"scsampler"', '"sampler"'), r"rows\.1\.system"),
    ],
)
def test_wrong_comparisons_are_refused_and_named(tmp_path, text, message):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_comparison(tmp_path / "wrong.toml")
