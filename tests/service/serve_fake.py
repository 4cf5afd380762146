"""A server process around the fake recognizer; `python serve_fake.py fail` cannot load its model.

A body that starts with `slow` is classified for a second.
"""

from __future__ import annotations

import sys
import time

from fake_recognizer import FakeRecognizer

from service.app import create_app
from service.logs import configure_logging
from service.server import run_server
from service.settings import read_settings


def load() -> FakeRecognizer:
    if "fail" in sys.argv:
        raise ValueError("not a bundle")
    recognizer = FakeRecognizer()
    recognizer.inspect = lambda path: time.sleep(path.read_bytes().startswith(b"slow"))
    return recognizer


if __name__ == "__main__":
    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    sys.exit(run_server(create_app(settings, load)))
