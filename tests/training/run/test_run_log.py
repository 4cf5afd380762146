import json

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.run.run_log import LOG_NAME, TENSORBOARD_FOLDER, RunLog, Where


def lines(folder):
    return [json.loads(line) for line in (folder / LOG_NAME).read_text().splitlines()]


def test_a_step_and_an_epoch_are_one_object_a_line(tmp_path):
    log = RunLog(tmp_path)
    log.step(Where("warmup", 1, 7), loss=0.5, selection={"rgb": 0.25})
    log.epoch(Where("warmup", 1), val_accuracy=0.75)

    assert lines(tmp_path) == [
        {
            "kind": "step",
            "stage": "warmup",
            "epoch": 1,
            "step": 7,
            "loss": 0.5,
            "selection": {"rgb": 0.25},
        },
        {"kind": "epoch", "stage": "warmup", "epoch": 1, "val_accuracy": 0.75},
    ]


def test_tensorboard_shows_the_epochs(tmp_path):
    log = RunLog(tmp_path)
    for epoch in range(3):
        log.epoch(Where("warmup", epoch), loss=1.0 / (epoch + 1), selection={"rgb": 0.5})
    log.close()

    events = EventAccumulator(str(tmp_path / TENSORBOARD_FOLDER))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"warmup/loss", "warmup/selection/rgb"}
    assert [event.step for event in events.Scalars("warmup/loss")] == [0, 1, 2]
    assert [event.value for event in events.Scalars("warmup/loss")][1] == 0.5


def test_a_resumed_log_forgets_what_followed_the_last_saved_epoch(tmp_path):
    log = RunLog(tmp_path, tensorboard=False)
    log.epoch(Where("warmup", 0), loss=2.0)
    state = log.state_dict()
    log.step(Where("warmup", 1, 0), loss=1.0)

    resumed = RunLog(tmp_path, tensorboard=False)
    resumed.load_state_dict(state)
    resumed.step(Where("warmup", 1, 0), loss=1.0)

    assert [line["kind"] for line in lines(tmp_path)] == ["epoch", "step"]


def test_the_position_in_another_runs_log_says_nothing(tmp_path):
    first = RunLog(tmp_path / "first", tensorboard=False)
    (tmp_path / "first").mkdir()
    first.epoch(Where("unimodal_rgb", 0), loss=2.0)
    (tmp_path / "second").mkdir()

    second = RunLog(tmp_path / "second", tensorboard=False)
    second.load_state_dict(first.state_dict())
    second.epoch(Where("warmup", 0), loss=1.0)

    assert [line["stage"] for line in lines(tmp_path / "second")] == ["warmup"]


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = RunLog(None)
    log.epoch(Where("warmup", 0), loss=1.0)
    log.close()

    assert list(tmp_path.iterdir()) == []
