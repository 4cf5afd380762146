"""Whatever a test does here, no process, thread or open file stays behind."""

import os
import threading
from pathlib import Path

import pytest


def num_open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def leaves_nothing_behind():
    files, threads = num_open_files(), threading.active_count()
    yield
    assert num_open_files() == files
    assert threading.active_count() == threads
    with pytest.raises(ChildProcessError):  # Neither a running child nor a zombie.
        os.waitpid(-1, os.WNOHANG)
