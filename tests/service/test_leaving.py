"""Clients that leave, and requests whose time is up: places, gauges and files come back."""

from __future__ import annotations

import asyncio
import gc

import pytest
from asgi import Exchange, running, until


def post(app):
    exchange = Exchange(app)
    exchange.arrive(b"video", more=False)
    return exchange


def assert_nothing_is_left(sample, uploads):
    """To be called when the loop is closed: a cancelled job unwinds just after its answer."""
    assert sample("adamml_requests_in_progress") == 0
    assert sample("adamml_queue_depth") == 0
    assert uploads() == []


FORM = {"content-type": "multipart/form-data; boundary=b"}
FORM_START = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'


@pytest.mark.parametrize(
    ("headers", "start"), [({}, b""), ({}, b"vid"), ({}, b"x" * 90_000), (FORM, FORM_START)]
)
def test_leaving_during_the_upload(make_app, recognizer, sample, uploads, headers, start):
    app = make_app()

    async def scenario():
        async with running(app):
            exchange = Exchange(app, headers=headers)
            exchange.arrive(start)
            await until(lambda: sample("adamml_requests_in_progress") == 1)
            exchange.leave()
            await exchange.finished()

    asyncio.run(scenario())

    assert recognizer.calls == []
    assert sample("adamml_requests_total", route="/classify", status="499") == 1
    assert sample("adamml_request_duration_seconds_count") == 1
    assert_nothing_is_left(sample, uploads)


def test_leaving_the_queue_frees_the_place_in_it(make_app, recognizer, sample, uploads):
    app = make_app(max_concurrency=1, max_queue=1)

    async def scenario():
        async with running(app):
            recognizer.block()
            first = post(app)
            await until(lambda: recognizer.num_running == 1)
            second = post(app)
            await until(lambda: sample("adamml_queue_depth") == 1)
            second.leave()
            await second.finished()
            await until(lambda: sample("adamml_queue_depth") == 0)
            third = post(app)
            await until(lambda: sample("adamml_queue_depth") == 1)
            recognizer.release()
            await third.finished()
            await first.finished()
            return first.status, second.status, third.status

    assert asyncio.run(scenario()) == (200, 499, 200)
    assert len(recognizer.calls) == 2
    assert_nothing_is_left(sample, uploads)


def test_leaving_while_it_runs_cancels_it(make_app, recognizer, sample, uploads, caplog):
    """The recognizer is never released: only its deadline ends the call.

    What it raised then used to be logged, much later, as an exception that nobody had retrieved.
    """
    app = make_app(max_concurrency=1)

    async def scenario():
        async with running(app):
            recognizer.block()
            exchange = post(app)
            await until(lambda: recognizer.num_running == 1)
            exchange.leave()
            await exchange.finished()
            await until(lambda: recognizer.num_running == 0)
            recognizer.release()
            return (await post(app).finished()).status

    assert asyncio.run(scenario()) == 200
    assert sample("adamml_segments_total") == 10
    assert_nothing_is_left(sample, uploads)
    gc.collect()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_a_place_is_not_given_away_while_its_thread_still_runs(
    make_app, recognizer, sample, uploads
):
    app = make_app(max_concurrency=1)

    async def scenario():
        async with running(app):
            recognizer.notices_deadline = False
            recognizer.block()
            left = post(app)
            await until(lambda: recognizer.num_running == 1)
            left.leave()
            await left.finished()
            assert len(uploads()) == 1  # still read by the thread
            waiting = post(app)
            await until(lambda: sample("adamml_queue_depth") == 1)
            recognizer.release()
            return (await waiting.finished()).status

    assert asyncio.run(scenario()) == 200
    assert recognizer.max_running == 1
    assert_nothing_is_left(sample, uploads)


@pytest.mark.parametrize("notices_deadline", [True, False])
def test_deadline_while_it_runs(make_app, recognizer, sample, uploads, notices_deadline):
    """Answered in time even when the thread does not notice."""
    app = make_app(request_deadline_seconds=0.1)
    recognizer.notices_deadline = notices_deadline

    async def scenario():
        async with running(app):
            recognizer.block()
            exchange = await post(app).finished(1.0)
            recognizer.release()
            return exchange

    exchange = asyncio.run(scenario())

    assert (exchange.status, exchange.json["code"]) == (408, "deadline_exceeded")
    assert "0.1 s" in exchange.json["detail"]
    assert sample("adamml_requests_rejected_total", reason="deadline_exceeded") == 1
    assert sample("adamml_flops_dense_total") == 0
    assert_nothing_is_left(sample, uploads)


def test_deadline_in_the_queue(make_app, recognizer, sample, uploads):
    app = make_app(max_concurrency=1, request_deadline_seconds=0.2)
    recognizer.notices_deadline = False

    async def scenario():
        async with running(app):
            recognizer.block()
            first, second = post(app), post(app)
            await asyncio.gather(first.finished(), second.finished())
            recognizer.release()
            return first.status, second.status

    assert asyncio.run(scenario()) == (408, 408)
    assert len(recognizer.calls) == 1
    assert_nothing_is_left(sample, uploads)


def test_deadline_during_a_slow_upload(make_app, sample, uploads):
    app = make_app(request_deadline_seconds=0.1)

    async def scenario():
        async with running(app):
            exchange = Exchange(app)
            exchange.arrive(b"vid")
            await until(lambda: len(exchange.sent) == 2)
            exchange.leave()
            return await exchange.finished()

    exchange = asyncio.run(scenario())

    assert (exchange.status, exchange.json["code"]) == (408, "deadline_exceeded")
    assert_nothing_is_left(sample, uploads)


def test_a_cancelled_request_leaves_nothing(make_app, recognizer, sample, uploads):
    """As when the server loses deadlines at shutdown."""
    app = make_app()

    async def scenario():
        async with running(app):
            recognizer.block()
            exchange = post(app)
            await until(lambda: recognizer.num_running == 1)
            exchange.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await exchange.task
            await until(lambda: recognizer.num_running == 0)

    asyncio.run(scenario())

    assert sample("adamml_requests_total", route="/classify", status="499") == 1
    assert_nothing_is_left(sample, uploads)
