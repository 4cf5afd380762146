"""A server process around the fake recognizer; `python serve_fake.py fail` cannot load its model.

An argument `version=FILE` names a file that holds the model's version; one that is empty does not
load.
A body that starts with `slow` is classified for a second, one that starts with `job` for a moment,
in which nobody else may classify the same. Loading takes some processes longer.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path

from fake_recognizer import FakeRecognizer

from service.process.server import run_alone
from service.process.workers import run_workers
from service.settings import read_settings


def load() -> FakeRecognizer:
    if "fail" in sys.argv:
        raise ValueError("not a bundle")
    time.sleep(os.getpid() % 2 * 0.5)
    recognizer = FakeRecognizer()
    recognizer.inspect = inspect
    for name in (word.removeprefix("version=") for word in sys.argv if word.startswith("version=")):
        recognizer.version = Path(name).read_text()
        if not recognizer.version:
            raise ValueError("the file is empty")
    return recognizer


def inspect(path: Path) -> None:
    content = path.read_bytes()
    if content.startswith(b"job"):
        # Of a process that is killed the lock is let go.
        with (path.parent / f"{content.decode()}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            time.sleep(0.1)
    time.sleep(content.startswith(b"slow"))


if __name__ == "__main__":
    settings = read_settings()
    sys.exit((run_alone if settings.workers == 1 else run_workers)(settings, load))
