"""Admission: how many compute, how many wait, who is turned away and when to come back."""

from __future__ import annotations

import asyncio
import random
import statistics

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
        admission = make_admission(max_queue=2)
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


def make_admission(*, max_queue, max_queue_seconds=None):
    return Admission(
        ServiceMetrics(CollectorRegistry()),
        max_concurrency=2,
        max_queue=max_queue,
        max_queue_seconds=max_queue_seconds,
        max_uploads=9,
        pace=Pace(1, 1.0),
    )


async def waiting_after(admission, *, arrivals):
    """How many wait when so many came; those who are refused say why."""
    places = [admission.place(Deadline(60)) for _ in range(arrivals)]
    tasks = [asyncio.create_task(place.__aenter__()) for place in places]
    await asyncio.sleep(0)
    waiting = admission._num_waiting
    refusals = [task.exception() for task in tasks if task.done() and task.exception()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return waiting, refusals


def test_nobody_waits_longer_than_the_queue_may_take():
    async def scenario():
        admission = make_admission(max_queue=50, max_queue_seconds=3.0)
        for _ in range(20):
            admission._service_time.add(1.0)
        return await waiting_after(admission, arrivals=20)

    waiting, refusals = asyncio.run(scenario())

    # One second each, two at a time: the sixth to wait gets its place after three.
    assert (waiting, len(refusals)) == (6, 12)
    assert "may wait for 3 s" in str(refusals[0])
    assert refusals[0].retry_after_seconds == 4


def test_where_times_vary_fewer_wait():
    async def scenario(times):
        admission = make_admission(max_queue=50, max_queue_seconds=3.0)
        for _ in range(50):
            for seconds in times:
                admission._service_time.add(seconds)
        return (await waiting_after(admission, arrivals=20))[0]

    assert asyncio.run(scenario([1.0])) > asyncio.run(scenario([0.5, 1.5])) > 0


def test_before_a_time_is_measured_the_number_alone_bounds_the_queue():
    async def scenario():
        admission = make_admission(max_queue=5, max_queue_seconds=0.001)
        return (await waiting_after(admission, arrivals=20))[0]

    assert asyncio.run(scenario()) == 5


def test_pressure_is_of_the_fuller_limit():
    async def scenario():
        admission = make_admission(max_queue=50, max_queue_seconds=3.0)
        admission._service_time.add(1.0)
        admission._num_waiting = 4
        return admission.pressure_level

    assert asyncio.run(scenario()) == 2


def test_service_time_follows_what_is_measured():
    time = ServiceTime(initial_seconds=2.0, weight=0.5)
    time.add(4.0)
    assert time.seconds == 4.0
    time.add(2.0)
    assert time.seconds == 3.0


def test_the_longest_time_of_several_is_seldom_exceeded():
    draws = random.Random(0)
    times = [draws.gauss(2.0, 0.5) for _ in range(20_000)]
    told = ServiceTime()
    is_within = []
    for number, seconds in enumerate(times[:-9]):
        told.add(seconds)
        if number >= 100:
            following = times[number + 1 : number + 10]
            is_within.append(sum(following) <= told.longest(9))
    # Fewer than 99 of 100: the spread is known from a few as well.
    assert 0.95 <= statistics.mean(is_within) < 1.0


def test_times_that_do_not_vary_are_told_exactly():
    told = ServiceTime()
    for _ in range(200):
        told.add(2.0)
    assert told.longest(9) == pytest.approx(18.0)
