"""From loading to draining: when requests are taken, and how the last ones end."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgi import Exchange, running, until
from starlette.testclient import TestClient

from service.app import create_app

VIDEO = {"content-type": "video/mp4"}


def post(app):
    exchange = Exchange(app)
    exchange.arrive(b"video", more=False)
    return exchange


def get(app, path):
    exchange = Exchange(app, path=path, method="GET")
    exchange.arrive(b"", more=False)
    return exchange


def test_not_ready_until_warm(make_settings, recognizer, registry):
    warm = threading.Event()
    recognizer.warm_up = lambda: warm.wait(5) or None
    app = create_app(make_settings(), lambda: recognizer, registry=registry)
    with TestClient(app) as client:
        try:
            assert client.get("/livez").status_code == 200
            for response in (
                client.get("/readyz"),
                client.get("/model"),
                client.post("/classify", content=b"video", headers=VIDEO),
            ):
                assert (response.status_code, response.json()["code"]) == (503, "not_ready")
                assert response.headers["retry-after"] == "1"
        finally:
            warm.set()

    assert registry.get_sample_value("adamml_model_info", {}) is None


def test_ready_when_warm(client, recognizer, sample):
    assert client.get("/readyz").json() == {"status": "ready"}
    assert recognizer.warmed_up
    assert sample("adamml_model_info", name="fake", version="0123456789ab") == 1


def test_a_model_that_does_not_load_is_never_ready(make_settings, registry):
    def load():
        raise ValueError("not a bundle")

    app = create_app(make_settings(), load, registry=registry)
    with TestClient(app) as client:
        while app.state.service.lifecycle.failure is None:
            continue
        response = client.get("/readyz")

    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert isinstance(app.state.service.lifecycle.failure, ValueError)


def test_draining_refuses_the_new_and_finishes_the_running(make_app, recognizer, sample):
    app = make_app(max_concurrency=1)

    async def scenario():
        async with running(app):
            recognizer.block()
            inside = [post(app), post(app)]
            await until(lambda: sample("adamml_queue_depth") == 1)
            drain = asyncio.create_task(
                app.state.service.lifecycle.drain(delay_seconds=0, grace_seconds=5)
            )
            await asyncio.sleep(0.01)
            probe = await get(app, "/readyz").finished()
            refused = await post(app).finished()
            assert not drain.done()
            recognizer.release()
            await drain
            return probe, refused, [exchange.status for exchange in inside]

    probe, refused, statuses = asyncio.run(scenario())

    assert (probe.status, probe.json["code"]) == (503, "shutting_down")
    assert (refused.status, refused.json["code"]) == (503, "shutting_down")
    assert statuses == [200, 200]
    assert sample("adamml_requests_rejected_total", reason="shutting_down") == 1


def test_the_delay_still_answers_but_is_not_ready(make_app):
    app = make_app()

    async def scenario():
        async with running(app):
            drain = asyncio.create_task(
                app.state.service.lifecycle.drain(delay_seconds=0.2, grace_seconds=1)
            )
            await asyncio.sleep(0.01)
            probe = await get(app, "/readyz").finished()
            answered = await post(app).finished()
            await drain
            return probe.status, answered.status

    assert asyncio.run(scenario()) == (503, 200)


@pytest.mark.parametrize("where", ["uploading", "queued", "running"])
def test_what_outlives_the_grace_is_cancelled(make_app, recognizer, sample, uploads, where):
    app = make_app(max_concurrency=1, drain_grace_seconds=0.1)

    async def scenario():
        async with running(app):
            recognizer.block()
            if where == "uploading":
                last = Exchange(app)
                last.arrive(b"vid")
            else:
                last = post(app)
                await until(lambda: recognizer.num_running == 1)
                last = post(app) if where == "queued" else last
            await until(lambda: sample("adamml_requests_in_progress") >= 1)
            await asyncio.sleep(0.05)
        # Leaving the lifespan has drained.
        last.leave()
        return await last.finished()

    last = asyncio.run(scenario())

    assert (last.status, last.json["code"]) == (503, "shutting_down")
    assert recognizer.num_running == 0
    assert sample("adamml_requests_in_progress") == 0
    assert uploads() == []


def test_the_spool_goes_with_the_service(make_client, tmp_path):
    with make_client() as client:
        client.post("/classify", content=b"video", headers=VIDEO)
        assert len(list(tmp_path.iterdir())) == 1

    assert list(tmp_path.iterdir()) == []
