"""Whatever a test does here, no process, thread or open file stays behind."""

import os
import threading
from pathlib import Path

import pytest


def num_open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def children():
    """Every child process of this one, zombies included: other tests' servers may live here too."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


@pytest.fixture(autouse=True)
def leaves_nothing_behind():
    before = num_open_files(), threading.active_count(), children()
    yield
    assert (num_open_files(), threading.active_count(), children()) == before
