"""What surrounds every request: ids, the access log, lingering over refused bodies."""

from __future__ import annotations

import asyncio
import json
import logging
import time

import pytest
from asgi import Exchange, running, until

from service.middleware.lingering import LingeringClose
from service.observability.logs import JsonFormatter, TextFormatter
from service.observability.request_id import choose_request_id, new_ulid

VIDEO = {"content-type": "video/mp4"}


@pytest.mark.parametrize("given", ["abc", "01J8ZQ-x_y.z", "a" * 64])
def test_well_formed_ids_are_kept(client, given):
    response = client.get("/livez", headers={"x-request-id": given})

    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a\tb", "é", '{"a":1}'])
def test_other_ids_are_replaced(given):
    chosen = choose_request_id(given)

    assert chosen != given
    assert len(chosen) == 26


def test_ulids_sort_by_time():
    first = new_ulid()
    time.sleep(0.002)
    second = new_ulid()

    assert first < second
    assert first[0] == "0"
    assert set(first) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def access_fields(caplog):
    return [r.fields for r in caplog.records if r.name == "service.observability.access_log"]


def test_an_answer_is_logged_with_decisions_and_compute(client, caplog):
    with caplog.at_level(logging.INFO):
        answer = client.post("/classify?segments=4", content=b"video", headers=VIDEO).json()

    (fields,) = access_fields(caplog)
    assert fields["request_id"] == answer["request_id"]
    assert (fields["method"], fields["route"], fields["status"]) == ("POST", "/classify", 200)
    assert fields["model_version"] == "0123456789ab"
    assert fields["decisions"] == {
        "audio": {"unavailable": 4},
        "flow": {"selected": 2, "skipped": 2},
        "rgb": {"selected": 4},
    }
    assert fields["gflops"] == answer["compute"]["gflops"]
    assert fields["seconds_by_stage"]["decode"] == 0.25
    assert fields["bytes_received"] == 5
    assert fields["seconds"] > 0


def test_a_problem_is_logged_with_its_code(client, caplog):
    with caplog.at_level(logging.INFO):
        client.post("/classify?segments=0", content=b"video", headers=VIDEO)

    (fields,) = access_fields(caplog)
    assert (fields["status"], fields["code"]) == (422, "invalid_parameter")


def test_successful_probes_are_not_logged(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/readyz")
        client.get("/metrics")

    assert access_fields(caplog) == []


def test_json_lines_carry_fields_and_the_request(client, recognizer):
    """Also lines that the recognizer writes in its thread."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(JsonFormatter().format(record)))
    logger = logging.getLogger("test_thread")
    logger.addHandler(handler)
    recognizer.inspect = lambda path: logger.warning("halfway", extra={"fields": {"frames": 3}})

    response = client.post("/classify", content=b"video", headers=VIDEO)

    (line,) = lines
    assert line["request_id"] == response.headers["x-request-id"]
    assert (line["message"], line["level"], line["frames"]) == ("halfway", "warning", 3)


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_formatters_show_fields_and_tracebacks(formatter):
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        info = (RuntimeError, error, error.__traceback__)
    record = logging.LogRecord("name", logging.ERROR, "file", 1, "went %s", ("wrong",), info)
    record.fields = {"route": "/classify"}

    text = formatter.format(record)

    for expected in ("went wrong", "/classify", "RuntimeError: broken"):
        assert expected in text


def refuse_at_once(app_seconds):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    return LingeringClose(app, seconds=app_seconds)


def test_a_refused_body_is_read_over_before_the_connection_closes():
    async def scenario():
        exchange = Exchange(refuse_at_once(5))
        await until(lambda: len(exchange.sent) == 2)
        assert exchange.sent[1] == {"type": "http.response.body", "body": b"no", "more_body": True}
        exchange.arrive(b"x" * 1000)
        await asyncio.sleep(0.01)
        assert not exchange.task.done()
        exchange.arrive(b"x", more=False)
        return await exchange.finished()

    exchange = asyncio.run(scenario())

    assert exchange.headers["connection"] == "close"
    assert exchange.sent[-1]["more_body"] is False


def test_an_endless_body_is_not_read_for_long():
    async def scenario():
        exchange = Exchange(refuse_at_once(0.05))
        while not exchange.task.done():
            exchange.arrive(b"x" * 1000)
            await asyncio.sleep(0.005)
        return await exchange.finished()

    assert asyncio.run(scenario()).sent[-1]["more_body"] is False


def test_a_refusal_counts_before_the_rest_of_the_body(make_app, sample):
    app = make_app()

    async def scenario():
        async with running(app):
            exchange = Exchange(app, headers={"content-type": "text/plain"})
            await until(lambda: len(exchange.sent) == 2)
            assert sample("adamml_requests_total", route="/classify", status="415") == 1
            exchange.leave()
            await exchange.finished()

    asyncio.run(scenario())


def test_answers_are_not_sniffed(client):
    assert client.get("/livez").headers["x-content-type-options"] == "nosniff"
