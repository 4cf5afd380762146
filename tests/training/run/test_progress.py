import io
import threading
import time

import pytest

from training.run import progress
from training.run.progress import in_parallel


class Terminal(io.StringIO):
    def isatty(self):
        return True


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
    monkeypatch.setattr("sys.stderr", Terminal())
    in_parallel(str, range(3), workers=2, desc="test", total=10)

    assert [(initial, total, bar.n) for initial, total, bar in bars] == [(7, 10, 10)]


def lines_of(caplog):
    return [record.getMessage() for record in caplog.records]


def test_without_a_terminal_a_line_comes_for_every_hundred_and_for_the_last(caplog):
    caplog.set_level("INFO", logger=progress.__name__)

    in_parallel(str, range(250), workers=2, desc="decode train", unit="video")

    assert [line.split(",")[0] for line in lines_of(caplog)] == [
        "decode train: 100 of 250 videos",
        "decode train: 200 of 250 videos",
        "decode train: 250 of 250 videos",
    ]
    assert all("a second" in line and line.endswith("s left") for line in lines_of(caplog))


def test_on_a_terminal_there_is_a_bar_and_no_line(caplog, monkeypatch):
    caplog.set_level("INFO", logger=progress.__name__)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    in_parallel(str, range(250), workers=2, desc="decode train")

    assert lines_of(caplog) == []
    assert "250/250" in terminal.getvalue()
