"""On Ray the rows are the same, and an actor that dies loses none."""

import json
import os

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.support.moving_clip import moving_clip

pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def listed(tmp_path):
    clip = moving_clip(tmp_path / "clip.mp4", seconds=1)
    names = [f"{number}.mp4" for number in range(10)]
    for name in names:
        (tmp_path / name).hardlink_to(clip)
    (tmp_path / "list.txt").write_text("\n".join([*names, "nowhere.mp4"]))
    return tmp_path / "list.txt"


def rows(listed, name, *options):
    output = listed.parent / name
    result = CliRunner().invoke(app, ["batch", str(listed), str(output), *options])
    assert result.exit_code == 0, result.output
    lines = [line for part in output.glob("part-*") for line in part.read_text().splitlines()]
    found = [json.loads(line) for line in lines]
    return sorted(({**row, "seconds_by_stage": None} for row in found), key=lambda row: row["path"])


def test_rows_are_those_without_ray(listed):
    assert rows(listed, "ray", "--ray", "local", "--workers", "2") == rows(listed, "plain")


def test_an_actor_that_dies_loses_nothing(listed, monkeypatch):
    """One that is killed with its first video, where the mark is not there yet."""
    mark = listed.parent / "struck"
    monkeypatch.setenv("ADAMML_TEST_MARK", str(mark))
    monkeypatch.setattr("batch.ray_pool.RayWorker.__call__", _strike_once)

    found = rows(listed, "ray", "--ray", "local", "--workers", "1")

    assert mark.exists()
    assert len(found) == 11


def _strike_once(self, item):
    from pathlib import Path

    mark = Path(os.environ["ADAMML_TEST_MARK"])
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)
    return {"row": json.dumps({"path": item["path"], "model": "m", "problem_code": "struck"})}
