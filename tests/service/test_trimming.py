"""Memory that is free goes back to the system: after work, and while it goes on."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from fake_recognizer import FakeRecognizer, wait_until
from starlette.testclient import TestClient

from service import trimming
from service.app import create_app


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(trimming, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(trimming, "_REST_SHARE", 0.5)
    monkeypatch.setattr(trimming, "_WORK_SECONDS", 0.1)


def work(seconds):
    """So much of the processor, by a thread."""

    def spin():
        begin = time.thread_time()
        while time.thread_time() < begin + seconds:
            sum(range(1000))

    thread = threading.Thread(target=spin)
    thread.start()
    return thread


async def given_within(seconds, given, *, work_seconds):
    """How often memory was given back by the end of the work, and in the time after it."""
    task = asyncio.create_task(trimming.trim_forever(lambda: given.append(1)))
    await asyncio.to_thread(work(work_seconds).join)
    by_then = len(given)
    await asyncio.sleep(seconds)
    task.cancel()
    return by_then, len(given) - by_then


def test_after_work_it_is_given_back():
    # On a busy machine work may pause, which looks like rest.
    during, after = asyncio.run(given_within(1.0, [], work_seconds=0.5))
    assert during + after >= 1
    assert after <= 1


def test_where_nothing_was_done_it_is_left_alone():
    assert asyncio.run(given_within(0.5, [], work_seconds=0.0)) == (0, 0)


def test_while_work_goes_on_it_is_given_back_time_after_time(monkeypatch):
    monkeypatch.setattr(trimming, "_BUSY_SECONDS", 0.1)
    monkeypatch.setattr(trimming, "_REST_SHARE", 0.0)
    during, after = asyncio.run(given_within(0.3, [], work_seconds=1.5))
    assert during >= 3
    assert after <= 1


def test_a_service_does_it_until_it_ends(make_settings):
    given = []
    app = create_app(make_settings(), FakeRecognizer, give_memory_back=lambda: given.append(1))
    with TestClient(app):
        begun = len(given)
        work(0.3).join()
        wait_until(lambda: len(given) > begun)
    ended = len(given)
    work(0.2).join()
    time.sleep(0.2)

    assert len(given) == ended
