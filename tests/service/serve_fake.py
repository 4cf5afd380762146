"""A server process around the fake recognizer; `python serve_fake.py fail` cannot load its model.

A body that starts with `slow` is classified for a second. Loading takes some processes longer.
"""

from __future__ import annotations

import os
import sys
import time

from fake_recognizer import FakeRecognizer

from service.process.server import run_alone
from service.process.workers import run_workers
from service.settings import read_settings


def load() -> FakeRecognizer:
    if "fail" in sys.argv:
        raise ValueError("not a bundle")
    time.sleep(os.getpid() % 2 * 0.5)
    recognizer = FakeRecognizer()
    recognizer.inspect = lambda path: time.sleep(path.read_bytes().startswith(b"slow"))
    return recognizer


if __name__ == "__main__":
    settings = read_settings()
    sys.exit((run_alone if settings.workers == 1 else run_workers)(settings, load))
