"""Suites: files of settings, merged table by table."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from training.experiment.comparing.comparison import is_comparison, read_comparison
from training.experiment.suite import find_suites, merged, read_suite, run_config

EXPERIMENTS = Path(__file__).parents[3] / "experiments"
BASE = """
name = "base"
preset = "compact"
output = "elsewhere"
[data]
manifest = "manifest.csv"
[unimodal.rgb]
[unimodal.flow]
[unimodal.audio]
[joint]
warmup_epochs = 3
batch_videos = 7
"""
RECIPE = "joint = { warmup_epochs = 4, finetune_epochs = 1 }\n"
SUITE = """
title = "A table"
base = "base.toml"
output = "runs"
seeds = [5]
[common]
joint.alternating_epochs = 9
[runs]
plain = {}
changed = { recipe = "recipe.toml", joint.finetune_epochs = 2 }
[[rows]]
name = "one"
run = "plain"
[[rows]]
name = "two"
run = "changed"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.toml").write_text(BASE)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "suite.toml").write_text(SUITE)
    return tmp_path


def test_later_settings_win_table_by_table():
    settings = {"a": {"x": 1, "y": {"z": 2}}, "b": 3}
    changes = {"a": {"y": {"w": 4}}, "b": {"c": 5}}

    assert merged(settings, changes) == {"a": {"x": 1, "y": {"z": 2, "w": 4}}, "b": {"c": 5}}
    assert settings == {"a": {"x": 1, "y": {"z": 2}}, "b": 3}


def test_base_common_recipe_and_run_in_that_order(folder):
    joint = run_config(read_suite(folder / "suite.toml"), "changed", 5).joint

    assert joint.batch_videos == 7
    assert joint.alternating_epochs == 9
    assert joint.warmup_epochs == 4
    assert joint.finetune_epochs == 2


def test_places_are_those_of_the_suite_and_paths_those_of_the_base(folder):
    config = run_config(read_suite(folder / "suite.toml"), "plain", 5)

    assert config.seed == 5
    assert config.output.parent.parent == folder / "runs"
    assert config.output.name == "seed5"
    assert config.unimodal_state == folder / "runs" / "unimodal" / "seed5"
    assert config.data.manifest == folder / "manifest.csv"


def test_equal_settings_share_a_run_and_others_do_not(folder):
    suite = read_suite(folder / "suite.toml")
    (folder / "other.toml").write_text(SUITE.replace("plain", "renamed"))
    other = read_suite(folder / "other.toml")

    assert run_config(suite, "plain", 0).output == run_config(other, "renamed", 0).output
    outputs = [run_config(suite, run, seed).output for run in suite.runs for seed in (0, 1)]
    assert len(set(outputs)) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SUITE.replace('run = "plain"', 'run = "plane"'), r"rows are of .*'plane'"),
        (SUITE + '[[rows]]\nname = "three"\n', r"rows\.2\.run"),
        (SUITE.replace("seeds = [5]", "seeds = []"), "seeds"),
        (SUITE.replace("title", "tittle"), "tittle"),
    ],
)
def test_wrong_suites_are_refused_and_named(folder, text, message):
    (folder / "wrong.toml").write_text(text)
    with pytest.raises(ValidationError, match=message):
        read_suite(folder / "wrong.toml")


def test_a_misspelt_setting_of_a_run_is_refused(folder):
    (folder / "wrong.toml").write_text(SUITE.replace("joint.finetune", "joint.fine_tune"))
    with pytest.raises(ValidationError, match="fine_tune_epochs"):
        run_config(read_suite(folder / "wrong.toml"), "changed", 5)


def test_suites_are_found_by_name_or_by_file(folder):
    assert find_suites("suite", folder) == [folder / "suite.toml"]
    assert find_suites(str(folder / "base.toml"), folder / "none") == [folder / "base.toml"]
    with pytest.raises(ValueError, match=r"no experiment 'x'; known: base, recipe, suite, all"):
        find_suites("x", folder)


@pytest.mark.parametrize("path", find_suites("all", EXPERIMENTS / "tables"), ids=lambda p: p.stem)
def test_every_run_of_ours_has_valid_settings(path):
    if is_comparison(path):
        comparison = read_comparison(path)
        suites = {data: comparison.on(data) for data in comparison.bases}
    else:
        suite = read_suite(path)
        suites = {suite.base.stem: suite}
    for data, suite in suites.items():
        for run in suite.runs:
            assert run_config(suite, run, 0).name == data
