"""Bodies that drip, stall or take up places: cut, displaced, and never in the way of others."""

from __future__ import annotations

import asyncio

import pytest
from asgi import Exchange, running, until

BIG = b"x" * 90_000  # More than comes without a place, and below the fixtures' max_upload_bytes.


def arriving(app, *pieces, more=True, path="/classify", headers=None):
    exchange = Exchange(app, path=path, headers=headers)
    for piece in pieces:
        exchange.arrive(piece)
    if not more:
        exchange.arrive(b"", more=False)
    return exchange


@pytest.mark.parametrize("path", ["/classify", "/jobs", "/v2/models/fake/infer"])
@pytest.mark.parametrize("start", [b"", b"x", BIG])
def test_a_body_that_stalls_is_cut_after_the_grace(make_app, sample, uploads, path, start):
    app = make_app(upload_grace_seconds=0.15)

    async def scenario():
        async with running(app):
            await until(lambda: app.state.service.jobs is not None)
            exchange = arriving(app, start, path=path)
            # The lingering close waits for the rest of the body, which does not come.
            await until(lambda: len(exchange.sent) > 1)
            exchange.leave()
            return await exchange.finished()

    exchange = asyncio.run(scenario())

    assert exchange.status == 408
    assert b"upload_too_slow" in exchange.sent[1]["body"]
    assert uploads() == []
    if path != "/jobs":
        assert sample("adamml_requests_rejected_total", reason="upload_too_slow") == 1


def test_a_body_that_drips_below_the_rate_is_cut(make_app, uploads):
    app = make_app(upload_grace_seconds=0.2, min_upload_bytes_per_second=1000)

    async def scenario():
        async with running(app):
            exchange = arriving(app)
            while not exchange.sent:
                exchange.arrive(b"x")
                await asyncio.sleep(0.02)
            exchange.leave()
            return await exchange.finished()

    exchange = asyncio.run(scenario())

    assert (exchange.status, exchange.json["code"]) == (408, "upload_too_slow")
    assert "slower than 1000 bytes a second for 0.2 s" in exchange.json["detail"]
    assert uploads() == []


def test_a_slow_body_above_the_rate_is_waited_for(make_app):
    """For five times the grace."""
    app = make_app(upload_grace_seconds=0.5, min_upload_bytes_per_second=10)

    async def scenario():
        async with running(app):
            exchange = arriving(app)
            for _ in range(50):
                exchange.arrive(b"x")
                await asyncio.sleep(0.05)
            exchange.arrive(b"", more=False)
            return await exchange.finished()

    assert asyncio.run(scenario()).status == 200


def test_bodies_that_have_hardly_begun_take_no_place(make_app):
    app = make_app(max_uploads=1)

    async def scenario():
        async with running(app):
            drips = [arriving(app, b"x") for _ in range(12)]
            await asyncio.sleep(0.05)
            good = await arriving(app, BIG, more=False).finished()
            for drip in drips:
                drip.leave()
                await drip.finished()
            return good.status

    assert asyncio.run(scenario()) == 200


def test_the_slowest_of_those_that_have_hardly_begun_makes_room(make_app):
    """Of the sixteen for each place."""
    app = make_app(max_uploads=1)

    async def scenario():
        async with running(app):
            slowest = arriving(app)
            others = [arriving(app, b"x" * 1000) for _ in range(15)]
            await until(lambda: app.state.service.admission.num_bytes_arriving == 15_000)
            good = await arriving(app, b"video", more=False).finished()
            for one in (slowest, *others):
                one.leave()
                await one.finished()
            return good.status, slowest.status, {one.status for one in others}

    assert asyncio.run(scenario()) == (200, 429, {499})


def test_a_stalled_upload_gives_its_place_to_a_fast_one(make_app, uploads):
    app = make_app(max_uploads=1)

    async def scenario():
        async with running(app):
            stalled = arriving(app, BIG)
            await asyncio.sleep(0.5)
            fast = await arriving(app, BIG, more=False).finished()
            stalled.leave()
            return (await stalled.finished()), fast.status

    stalled, fast = asyncio.run(scenario())

    assert fast == 200
    assert (stalled.status, stalled.json["code"]) == (429, "overloaded")
    assert int(stalled.headers["retry-after"]) >= 1
    assert uploads() == []


def test_an_upload_keeps_its_place_against_one_as_fast(make_app, uploads, monkeypatch):
    monkeypatch.setattr("service.uploads.arrival._MIN_SECONDS", 60.0)  # However slow the machine.
    app = make_app(max_uploads=1)

    async def scenario():
        async with running(app):
            first = arriving(app, BIG)
            await until(lambda: app.state.service.admission.num_bytes_arriving == len(BIG))
            second = await arriving(app, BIG, more=False).finished()
            first.arrive(b"", more=False)
            return (await first.finished()).status, second

    first, second = asyncio.run(scenario())

    assert first == 200
    assert (second.status, second.json["code"]) == (429, "overloaded")
    assert "1 uploads are under way" in second.json["detail"]
    assert uploads() == []
