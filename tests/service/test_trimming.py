"""Memory that is free goes back to the system while the service runs."""

from __future__ import annotations

import time

from fake_recognizer import FakeRecognizer, wait_until
from starlette.testclient import TestClient

from service import app as application


def test_it_is_given_back_again_and_again(make_settings, monkeypatch):
    monkeypatch.setattr(application, "_TRIM_SECONDS", 0.01)
    given = []
    app = application.create_app(
        make_settings(), FakeRecognizer, give_memory_back=lambda: given.append(1)
    )

    with TestClient(app):
        wait_until(lambda: len(given) >= 3)
    ended = len(given)
    time.sleep(0.1)

    assert len(given) == ended
