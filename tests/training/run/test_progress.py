import io
import threading
import time

import pytest

from training.run import progress
from training.run.progress import in_parallel


def test_results_are_in_the_order_of_the_jobs():
    def work(job):
        time.sleep(0.02 * (3 - job))
        return job * 10

    assert in_parallel(work, range(4), workers=4, desc="test") == [0, 10, 20, 30]


def test_as_many_run_at_a_time_as_there_are_workers():
    meeting = threading.Barrier(3, timeout=20)

    # Nobody gets through alone.
    assert in_parallel(lambda _: meeting.wait() < 3, range(3), workers=3, desc="test") == [True] * 3


def test_after_a_failure_no_further_job_begins():
    begun = []

    def work(job):
        begun.append(job)
        if job == 1:
            raise OSError("no space left")
        if job > 1:
            time.sleep(1)

    with pytest.raises(OSError, match="no space left"):
        in_parallel(work, range(50), workers=1, desc="test")
    assert len(begun) < 50


def test_the_bar_begins_after_what_was_done_before(monkeypatch):
    bars = []

    class Bar(progress.tqdm):
        def __init__(self, **options):
            super().__init__(**options | {"disable": False, "file": io.StringIO()})
            bars.append((self.initial, self.total, self))

    monkeypatch.setattr(progress, "tqdm", Bar)
    in_parallel(str, range(3), workers=2, desc="test", total=10)

    assert [(initial, total, bar.n) for initial, total, bar in bars] == [(7, 10, 10)]
