"""Admission: how many compute, how many wait, who is turned away and when to come back."""

from __future__ import annotations

import asyncio

import pytest
from asgi import Exchange, running, until
from prometheus_client import CollectorRegistry

from model.common.deadline import Deadline
from service.admission import Admission, ServiceTime
from service.observability.metrics import ServiceMetrics
from service.problems.errors import OverloadedError
from service.uploads.arrival import Pace


def post(app):
    exchange = Exchange(app)
    exchange.arrive(b"video", more=False)
    return exchange


def test_concurrency_and_queue_are_bounded(make_app, recognizer, sample):
    app = make_app(max_concurrency=2, max_queue=3)

    async def scenario():
        async with running(app):
            recognizer.block()
            accepted = [post(app) for _ in range(5)]
            await until(lambda: sample("adamml_queue_depth") == 3 and recognizer.num_running == 2)
            assert sample("adamml_requests_in_progress") == 5
            refused = [await post(app).finished() for _ in range(4)]
            recognizer.release()
            return [await exchange.finished() for exchange in accepted], refused

    accepted, refused = asyncio.run(scenario())

    assert [exchange.status for exchange in accepted] == [200] * 5
    assert [exchange.status for exchange in refused] == [429] * 4
    assert refused[0].json["code"] == "overloaded"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert recognizer.max_running == 2
    assert sample("adamml_queue_depth") == 0
    assert sample("adamml_requests_in_progress") == 0
    assert sample("adamml_queue_wait_seconds_count") == 5
    assert sample("adamml_requests_rejected_total", reason="overloaded") == 4


def test_a_full_queue_refuses_before_the_upload(make_app, recognizer, sample):
    app = make_app(max_concurrency=1, max_queue=0)

    async def scenario():
        async with running(app):
            recognizer.block()
            running_one = post(app)
            await until(lambda: recognizer.num_running == 1)
            refused = Exchange(app)
            await until(lambda: len(refused.sent) == 2)  # no byte of its body has arrived
            refused.leave()
            await refused.finished()
            recognizer.release()
            await running_one.finished()
            return refused

    refused = asyncio.run(scenario())

    assert (refused.status, refused.headers["connection"]) == (429, "close")


def test_a_video_that_finds_the_queue_full_after_its_upload_is_refused(
    make_app, recognizer, uploads
):
    app = make_app(max_concurrency=1, max_queue=0)

    async def scenario():
        async with running(app):
            recognizer.block()
            slow, quick = Exchange(app), Exchange(app)
            slow.arrive(b"vid")
            quick.arrive(b"video", more=False)
            await until(lambda: recognizer.num_running == 1)
            slow.arrive(b"eo", more=False)
            await slow.finished()
            recognizer.release()
            await quick.finished()
            return slow.status, quick.status

    assert asyncio.run(scenario()) == (429, 200)
    assert uploads() == []


def test_retry_after_follows_the_queue_and_recent_requests():
    async def scenario():
        metrics = ServiceMetrics(CollectorRegistry())
        places = {"max_concurrency": 2, "max_queue": 2, "max_uploads": 9}
        admission = Admission(metrics, **places, pace=Pace(1, 1.0))
        idle = admission.retry_after_seconds()
        stack = [admission.place(Deadline(60)) for _ in range(4)]
        for place in stack[:2]:
            await place.__aenter__()
        waiting = [asyncio.create_task(place.__aenter__()) for place in stack[2:]]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError) as refused:
            await admission.place(Deadline(60)).__aenter__()
        for task in waiting:
            task.cancel()
        return idle, refused.value.retry_after_seconds

    # Places are kept for 2 s at first; (0 + 1) / 2 rounds, then (2 + 1) / 2 rounds of that.
    assert asyncio.run(scenario()) == (1, 3)


def test_service_time_follows_what_is_measured():
    time = ServiceTime(initial_seconds=2.0, weight=0.5)
    time.add(4.0)
    assert time.seconds == 3.0
