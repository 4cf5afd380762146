"""What the command line changes in a run's file."""

import json
from pathlib import Path

from typer.testing import CliRunner

from cli.main import app
from tests.support.training_run import write_config


def trained_with(monkeypatch, config, *options):
    """The configuration that the command hands on."""
    handed = []

    def train(given):
        handed.append(given)
        return Path("x.safetensors")

    monkeypatch.setattr("training.train.train", train)
    result = CliRunner().invoke(app, ["train", str(config), *options])
    assert result.exit_code == 0, result.output
    return handed[0]


def test_options_stand_above_the_file(monkeypatch, tmp_path):
    config = write_config(tmp_path, "run")

    told = trained_with(monkeypatch, config, "--seed", "7", "--output", "there", "--workers", "3")

    assert (told.seed, told.output, told.data.workers) == (7, Path("there"), 3)


def test_without_options_the_file_is_followed(monkeypatch, tmp_path):
    config = write_config(tmp_path, "run")

    told = trained_with(monkeypatch, config)

    assert told.output == tmp_path / "run"
    assert told == trained_with(monkeypatch, config, "--seed", str(told.seed))


def test_a_seed_that_no_file_may_have_is_refused(tmp_path):
    config = write_config(tmp_path, "run")

    result = CliRunner().invoke(app, ["train", str(config), "--seed", str(2**31)])

    assert result.exit_code == 2
    assert "--seed" in result.output
    assert "2147483647" in result.output


def test_a_run_ends_with_its_curves_beside_the_checkpoint(monkeypatch, tmp_path):
    config, folder = write_config(tmp_path, "run"), tmp_path / "run"
    epoch = {"kind": "epoch", "stage": "rgb", "epoch": 0, "loss": 2.0, "val_accuracy": 0.5}

    def train(given):
        folder.mkdir()
        (folder / "log.jsonl").write_text(json.dumps(epoch) + "\n")
        return folder / "run.safetensors"

    monkeypatch.setattr("training.train.train", train)
    result = CliRunner().invoke(app, ["train", str(config)])

    assert result.exit_code == 0, result.output
    assert f"curves: {folder}" in result.stderr
    assert list(folder.glob("*.png")) or list(folder.glob("*.svg"))


def test_what_may_be_decoded_is_told(monkeypatch, tmp_path):
    config = write_config(tmp_path, "run")
    ceilings = ("--max-video-seconds", "30000", "--max-frame-pixels", "20000000")

    limits = trained_with(monkeypatch, config, *ceilings).data.limits

    assert (limits.max_duration_seconds, limits.max_pixels) == (30000, 20000000)
    usual = trained_with(monkeypatch, config).data.limits
    assert (usual.max_duration_seconds, usual.max_pixels) == (21600, 9437184)
