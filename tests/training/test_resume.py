"""A run that is killed and started again ends like one that never was."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from filelock import FileLock

from cli.main import main
from model.files.checkpoint import load_checkpoint
from tests.support.training_run import RUN, write_config
from training.configuration.config import read_config
from training.run.checkpointing import StageFile, StateError
from training.run.engine import run_lock
from training.run.run_log import LOG_NAME
from training.train import STATE_FOLDER, train


@pytest.fixture(scope="module")
def folder(run_folder):
    return run_folder


@pytest.fixture(scope="module")
def uninterrupted(folder):
    """Trained by the first worker that asks."""
    with FileLock(folder / "whole.lock"):
        return train(read_config(write_config(folder, "whole")))


def config_of_copy(folder, name, text=RUN):
    """The configuration of a run in whose folder lies the state of the finished one."""
    shutil.copytree(folder / "whole" / STATE_FOLDER, folder / name / STATE_FOLDER)
    return read_config(write_config(folder, name, text))


def start(config):
    command = [sys.executable, "-m", "cli.main", "train", str(config)]
    # As many threads as here: sums over other shares round otherwise.
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    )


def kill_after(process, state, saves, seconds):
    """SIGKILL `seconds` after that many changes below the folder `state`."""
    seen, count = snapshot(state), 0
    while count < saves and process.poll() is None:
        now = snapshot(state)
        count, seen = count + (now != seen), now
        time.sleep(0.002)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def log_of(output):
    """All that does not depend on the time of day."""
    records = [json.loads(line) for line in (output / LOG_NAME).read_text().splitlines()]
    return [{key: record[key] for key in record if key != "seconds"} for record in records]


def snapshot(state):
    return {(path.name, path.stat().st_mtime_ns) for path in state.glob("*.pt")}


def test_killed_at_random_moments_and_resumed_it_has_the_same_weights(folder, uninterrupted):
    config = write_config(folder, "cut")
    draws = random.Random(seed := random.randrange(10**6))
    statuses = []
    for most in (8, 6):
        process = start(config)
        kill_after(
            process,
            folder / "cut" / STATE_FOLDER,
            saves=draws.randint(1, most),
            seconds=draws.uniform(0, 0.1),
        )
        statuses.append(process.returncode)
    assert statuses[0] == -signal.SIGKILL, f"{seed=}: it ended before it was killed"

    last = start(config)
    errors = last.communicate(timeout=240)[1]

    assert last.returncode == 0, errors
    spec, tensors = load_checkpoint(uninterrupted)
    resumed_spec, resumed = load_checkpoint(folder / "cut" / uninterrupted.name)
    different = [name for name in tensors if not torch.equal(tensors[name], resumed[name])]
    assert different == [], f"{seed=}, {statuses=}"
    assert resumed_spec == spec
    assert log_of(folder / "cut") == log_of(folder / "whole")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("alternating_epochs = 4", "alternating_epochs = 5"), "joint.alternating_epochs was 4"),
        (("mask_times = 20", "mask_times = 10"), "unimodal.audio.mask_times was 20 and is 10"),
        (("[data]", "seed = 7\n[data]"), "seed was 0 and is 7"),
        (("train_views = 2", "train_views = 1"), "data.train was 12 views, .* and is 6 views"),
    ],
)
def test_a_changed_run_refuses_the_state_of_the_other(folder, uninterrupted, change, message):
    config = config_of_copy(folder, f"changed_{change[1].split()[0]}", RUN.replace(*change))

    with pytest.raises(StateError, match=message):
        train(config)


def test_changed_videos_refuse_the_state(folder, uninterrupted):
    text = (folder / "manifest.csv").read_text()
    (folder / "relabelled.csv").write_text(text.replace("wide_2.mp4,wide", "wide_2.mp4,tall"))
    text = RUN.replace("manifest.csv", "relabelled.csv")

    with pytest.raises(StateError, match=r"data.train was 12 views, .* and is 12 views"):
        train(config_of_copy(folder, "relabelled", text))


def test_finished_stages_of_unchanged_facts_are_used_again(folder, uninterrupted):
    """Other settings of the joint stages: the networks alone need not be trained again."""
    config = config_of_copy(folder, "other", RUN.replace("warmup_epochs = 2", "warmup_epochs = 1"))
    state = folder / "other" / STATE_FOLDER
    (state / "joint.pt").unlink()
    before = snapshot(state)

    train(config)

    assert before < snapshot(state)


def test_a_second_run_in_the_same_folder_is_refused(folder):
    config = read_config(write_config(folder, "locked"))
    config.output.mkdir()

    with (
        run_lock(config.output),
        pytest.raises(ValueError, match=r"another process is training in .*locked; stop it first"),
    ):
        train(config)


def test_what_a_killed_run_was_writing_is_cleared_away(tmp_path):
    file = StageFile(tmp_path / "joint.pt", {})
    (tmp_path / ".joint.pt.abc").write_bytes(b"half a state")
    (tmp_path / ".other.pt.abc").write_bytes(b"of somebody else")

    file.save({"epochs_done": 1})

    assert {path.name for path in tmp_path.iterdir()} == {"joint.pt", ".other.pt.abc"}
    assert file.load() == {"epochs_done": 1}


def test_an_infinite_loss_stops_the_run_and_names_the_moment(folder, monkeypatch, capsys):
    text = RUN.replace("epochs = 3", "epochs = 3\nlearning_rate = 1e30", 1)
    config = write_config(folder, "diverging", text)
    monkeypatch.setattr(sys, "argv", ["adamml", "train", str(config)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert re.search(
        r"^adamml: FloatingPointError: the loss is nan in unimodal_rgb, epoch 0, step \d;",
        capsys.readouterr().err,
        re.MULTILINE,
    )


def test_a_damaged_state_is_named(folder):
    (folder / "damaged" / STATE_FOLDER).mkdir(parents=True)
    (folder / "damaged" / STATE_FOLDER / "unimodal_rgb.pt").write_bytes(b"no state")

    with pytest.raises(StateError, match=r"unimodal_rgb.pt is damaged, delete it"):
        train(read_config(write_config(folder, "damaged")))
