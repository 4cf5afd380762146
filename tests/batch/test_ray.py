"""On Ray the rows are the same, and an actor that dies loses none."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.moving_clip import moving_clip

pytest.importorskip("ray")
ROOT = Path(__file__).parents[2]
NUM_CLIPS = 40


@pytest.fixture
def listed(tmp_path):
    clip = moving_clip(tmp_path / "clip.mp4", seconds=1)
    names = [f"{number}.mp4" for number in range(NUM_CLIPS)]
    for name in names:
        (tmp_path / name).hardlink_to(clip)
    (tmp_path / "list.txt").write_text("\n".join([*names, "nowhere.mp4"]))
    return tmp_path / "list.txt"


def start(listed, name, *options):
    """The processes of its cluster inherit a variable by which they are known."""
    arguments = ["batch", str(listed), str(listed.parent / name), *options]
    environment = {**os.environ, "ADAMML_OUTPUT_OF_TEST": str(listed), "PYTHONPATH": str(ROOT)}
    # Or its actors would wait for everything else that this machine does.
    environment["RAY_worker_niceness"] = "0"
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] += f":{os.environ['PYTHONPATH']}"
    return subprocess.Popen([sys.executable, "-m", "cli.main", *arguments], env=environment)


def rows(listed, name):
    parts = (listed.parent / name).glob("part-*")
    found = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    return sorted(({**row, "seconds_by_stage": 0} for row in found), key=lambda row: row["path"])


def actors_at_work(listed):
    for folder in Path("/proc").iterdir():
        try:
            command, mine = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::") and b"submit" in command and str(listed).encode() in mine:
            yield int(folder.name)


@pytest.mark.timeout(900)
def test_rows_are_those_without_ray_whatever_dies(listed):
    process = start(listed, "ray", "--ray", "local", "--workers", "2")
    while not (actors := list(actors_at_work(listed))):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(actors[0], signal.SIGKILL)
    assert process.wait() == 0
    assert start(listed, "plain").wait() == 0

    assert len(rows(listed, "ray")) == NUM_CLIPS + 1
    assert rows(listed, "ray") == rows(listed, "plain")
