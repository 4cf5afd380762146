"""HEAD, wherever GET is."""

from __future__ import annotations

import asyncio
import re

import pytest
from asgi import Exchange, running, until
from fake_recognizer import wait_until


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/livez",
        "/readyz",
        "/model",
        "/docs",
        "/openapi.json",
        "/jobs",
        "/v2",
        "/v2/models/fake",
    ],
)
def test_head_is_what_get_would_say(client, path):
    wait_until(lambda: client.get(path).status_code == 200)
    got, head = client.get(path), client.head(path)

    assert head.status_code == got.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-length"):
        assert head.headers[name] == got.headers[name]


def test_no_address_that_takes_get_refuses_head(client):
    """Whatever is added; names in addresses are those of nothing."""
    wait_until(lambda: client.get("/jobs").status_code == 200)
    paths = {
        re.sub(r"\{\w+(:path)?\}", "nothing", route.path)
        for route in every_route(client.app.routes)
        if "GET" in (getattr(route, "methods", None) or ())
    }
    assert {"/livez", "/metrics", "/jobs/nothing", "/v2/health/ready"} <= paths
    for path in paths:
        got, head = client.get(path), client.head(path)
        assert (path, head.status_code) == (path, got.status_code)
        assert head.content == b""


def every_route(routes):
    """Also those of routers that were included as they are."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        yield from every_route(inner.routes) if inner is not None else (route,)


def test_it_counts_under_its_route(client, sample):
    client.head("/livez")

    assert sample("adamml_requests_total", route="/livez", status="200") == 1


def test_where_there_is_no_get_there_is_no_head(client):
    refused = client.head("/classify")

    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert client.head("/nowhere").status_code == 404


def test_an_answer_that_goes_on_is_not_waited_for(make_app, recognizer):
    app = make_app()
    recognizer.block()

    async def scenario():
        async with running(app):
            await until(lambda: app.state.service.jobs is not None)
            job = Exchange(app, path="/jobs")
            job.arrive(b"video", more=False)
            location = (await job.finished()).headers["location"]
            head = Exchange(app, path=f"{location}/segments", method="HEAD", headers={})
            await until(lambda: len(head.sent) > 1)
            head.leave()
            await head.finished()
            recognizer.release()
            return head

    head = asyncio.run(scenario())

    assert head.status == 200
    assert [message.get("body", b"") for message in head.sent[1:]] == [b""]
