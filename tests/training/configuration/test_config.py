from pathlib import Path

import pytest
from pydantic import ValidationError

from training.configuration.config import read_config
from training.configuration.config_reference import BEGIN, END, README, TABLES, reference

MINIMAL = """
name = "run"
output = "out"
[data]
manifest = "manifest.csv"
[unimodal.rgb]
epochs = 1
"""


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "run.toml").write_text(MINIMAL)

    config = read_config(tmp_path / "run.toml")

    assert config.data.manifest == tmp_path / "manifest.csv"
    assert config.output == tmp_path / "out"
    assert config.joint.alternating_epochs == 20


def test_unknown_keys_are_refused_by_name(tmp_path):
    (tmp_path / "run.toml").write_text(MINIMAL + "learning_rte = 1\n")

    with pytest.raises(ValidationError, match="learning_rte"):
        read_config(tmp_path / "run.toml")


def test_the_committed_experiments_are_understood():
    files = sorted((Path(__file__).parents[3] / "experiments").glob("*.toml"))

    assert files
    for file in files:
        read_config(file)


def test_every_setting_says_what_it_means():
    for name, model in TABLES.items():
        for key, field in model.model_fields.items():
            nested = name == "" and key in ("data", "model", "hardware", "unimodal", "joint")
            if nested or (name == "model" and key in ("policy", "fusion")):
                continue
            assert field.description, f"{name}.{key} has no description"


def test_the_reference_table_is_up_to_date():
    text = README.read_text()

    assert text.split(BEGIN)[1].split(END)[0] == f"\n{reference()}\n", (
        "run python -m training.configuration.config_reference"
    )
