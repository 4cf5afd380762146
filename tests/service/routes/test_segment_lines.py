"""NDJSON answers: a line a segment as it is decided, then the whole answer or a problem."""

import asyncio
import json
import threading

import pytest
from asgi import Exchange, running, until

from model.common.errors import UndecodableVideoError
from service.routes.segment_lines import MEDIA_TYPE

VIDEO = {"content-type": "video/mp4"}
LINES = {**VIDEO, "accept": MEDIA_TYPE}


def lines_of(response):
    return [json.loads(line) for line in response.text.splitlines()]


def test_lines_are_the_segments_and_then_the_plain_answer(client):
    plain = client.post("/classify?segments=3", content=b"video", headers=VIDEO).json()
    response = client.post("/classify?segments=3", content=b"video", headers=LINES)

    assert response.status_code == 200
    assert response.headers["content-type"] == MEDIA_TYPE
    *segments, result = lines_of(response)
    assert segments == [{"type": "segment", **segment} for segment in plain["segments"]]
    assert result.pop("type") == "result"
    assert result.pop("request_id") == response.headers["x-request-id"]
    plain.pop("request_id")
    assert result == plain


def test_plain_clients_get_one_document(client):
    for accepted in ("*/*", "application/json", "application/x-ndjsonx"):
        response = client.post("/classify", content=b"video", headers={**VIDEO, "accept": accepted})
        assert response.headers["content-type"] == "application/json"


def test_what_fails_before_the_first_line_is_a_plain_problem(client, recognizer):
    recognizer.error = UndecodableVideoError("it is broken")

    response = client.post("/classify", content=b"video", headers=LINES)

    assert response.status_code == 422
    assert response.json()["code"] == "undecodable_video"


def test_what_fails_later_is_a_last_line(client, recognizer, sample):
    def fail(index):
        if index == 2:
            raise UndecodableVideoError("it is broken")

    recognizer.between = fail

    response = client.post("/classify?segments=4", content=b"video", headers=LINES)

    assert response.status_code == 200
    first, second, last = lines_of(response)
    assert [first["index"], second["index"]] == [0, 1]
    assert (last["type"], last["code"], last["detail"]) == (
        "problem",
        "undecodable_video",
        "it is broken",
    )
    assert sample("adamml_decode_failures_total", code="undecodable_video") == 1


def test_the_first_line_leaves_before_the_second_is_decided(make_app, recognizer, uploads):
    gate = threading.Event()
    recognizer.between = lambda index: gate.wait(5)

    async def scenario():
        async with running(make_app()) as app:
            exchange = Exchange(app, headers=LINES, query="segments=2")
            exchange.arrive(b"video", more=False)
            await until(lambda: len(exchange.sent) == 2)
            assert json.loads(exchange.sent[1]["body"])["index"] == 0
            gate.set()
            await exchange.finished()
            assert not exchange.sent[-1]["more_body"]
            await until(lambda: not uploads())

    asyncio.run(scenario())


@pytest.mark.parametrize("lines_before", [0, 1])
def test_a_client_that_leaves_stops_the_work(make_app, recognizer, uploads, lines_before):
    checks = []

    def wait(index):
        while not checks:
            recognizer.deadline.check()

    recognizer.between = wait
    if not lines_before:
        recognizer.block()

    async def scenario():
        async with running(make_app()) as app:
            exchange = Exchange(app, headers=LINES, query="segments=3")
            exchange.arrive(b"video", more=False)
            await until(lambda: recognizer.num_running or len(exchange.sent) > 1)
            if lines_before:
                await until(lambda: len(exchange.sent) == 1 + lines_before)
            exchange.leave()
            await exchange.finished(1.0)
            await until(lambda: not uploads(), seconds=1.0)
            assert app.state.service.lifecycle._idle.is_set()

    asyncio.run(scenario())


def test_more_segments_than_a_request_may_have(make_app, recognizer):
    from starlette.testclient import TestClient

    with TestClient(make_app(max_segments=64)) as client:
        recognizer.num_segments = 65
        response = client.post("/classify?every_seconds=1", content=b"video", headers=VIDEO)

    body = response.json()
    assert (response.status_code, body["code"]) == (422, "too_many_segments")
    assert "POST /jobs" in body["title"]
