"""Whatever a test does here, no process, thread or open file stays behind."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest


def num_open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def children():
    """Every child process of this one, zombies included: other tests' servers may live here too."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It has ended in the meantime.
            _state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid():
                found.add(process.name)
    return found


@pytest.fixture(autouse=True)
def leaves_nothing_behind():
    files, threads, processes = num_open_files(), threading.active_count(), children()
    yield
    # Fewer is well: something of an earlier test may have been collected meanwhile.
    assert num_open_files() <= files
    assert threading.active_count() <= threads
    assert children() <= processes
