"""Workers that die are replaced, and what is wrong with the job ends it."""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from batch import pool as pool_module
from batch.inputs import Video
from batch.job import Job
from batch.pool import Pool
from batch.worker import JobError, Ready
from model.inference.classification import ClassifyOptions
from tests.support.moving_clip import moving_clip


@pytest.fixture
def videos(tmp_path):
    clip = moving_clip(tmp_path / "clip.mp4", seconds=1)
    return [Video(f"{number}", str(clip)) for number in range(3)]


class StruckPool(Pool):
    """Its workers are struck as they begin with video "0", so many times."""

    def __init__(self, *, times, by=signal.SIGKILL):
        super().__init__(Job(), 1)
        self.times, self.by = times, by

    def _understood(self, worker, message):
        yield from super()._understood(worker, message)
        if isinstance(message, Ready) and worker.tasks[0].video.path == "0" and self.times:
            self.times -= 1
            os.kill(worker.process.pid, self.by)


def test_a_video_that_kills_its_worker_twice_is_a_row(videos):
    pool = StruckPool(times=2)

    rows = {row["path"]: row for row in pool.rows(videos)}

    assert sorted(rows) == ["0", "1", "2"]
    assert rows["0"]["problem_code"] == "worker_died"
    assert "status -9" in rows["0"]["problem_detail"]
    assert rows["0"]["model"] == rows["1"]["model"]
    assert rows["1"]["label"] == rows["2"]["label"]
    assert pool.num_replaced == 2


def test_after_a_single_death_a_video_has_another_try(videos):
    pool = StruckPool(times=1)

    rows = {row["path"]: row for row in pool.rows(videos)}

    assert sorted(rows) == ["0", "1", "2"]
    assert rows["0"]["label"] == rows["1"]["label"]
    assert pool.num_replaced == 1


def test_a_worker_that_hangs_is_replaced(videos, monkeypatch):
    class StoppedPool(StruckPool):
        def _understood(self, worker, message):
            before = self.times
            yield from super()._understood(worker, message)
            if self.times < before:
                monkeypatch.setattr(pool_module, "HANG_SECONDS", 0.0)

        def _buried(self, worker):
            monkeypatch.undo()
            return super()._buried(worker)

    pool = StoppedPool(times=1, by=signal.SIGSTOP)

    assert [row["problem_code"] for row in pool.rows(videos[:1])] == [None]
    assert pool.num_replaced == 1


def test_workers_that_never_start_end_the_run(videos):
    stop = threading.Event()

    def kill_all():
        while not stop.wait(0.05):
            for process in multiprocessing.active_children():
                process.kill()

    thread = threading.Thread(target=kill_all)
    thread.start()
    try:
        with pytest.raises(OSError, match="workers die while they start"):
            list(Pool(Job(), 1).rows(videos[1:]))
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job(options=ClassifyOptions(segments=65)), "segments is 65"),
        (Job(options=ClassifyOptions(max_gflops=1e-6)), "max_gflops is 1e-06"),
        (Job(model=Path(os.devnull)), "Error"),
    ],
    ids=["option", "ceiling", "model"],
)
def test_what_no_video_could_do_better_ends_the_run(videos, job, said):
    with pytest.raises(JobError, match=said):
        list(Pool(job, 1).rows(videos[1:]))


def test_a_run_that_is_left_stops_its_workers(videos):
    rows = Pool(Job(), 2).rows(videos[1:])
    next(rows)
    rows.close()

    assert multiprocessing.active_children() == []
