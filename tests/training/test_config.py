from pathlib import Path

import pytest
from pydantic import ValidationError

from training.config import read_config

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
    files = sorted((Path(__file__).parents[2] / "experiments").glob("*.toml"))

    assert files
    for file in files:
        read_config(file)
