"""Under pressure: deadlines that cannot be met, and less compute before refusals."""

from __future__ import annotations

import asyncio

import pytest
from asgi import Exchange, running, until

from model.spec.model_spec import OperatingPoint
from service.degrading import level_of, share_of

CURVE = tuple(
    OperatingPoint(threshold=t, accuracy=a, gflops=g, segments=10)
    for t, a, g in ((0.9, 0.5, 4.0), (0.8, 0.7, 8.0), (0.7, 0.8, 12.0), (0.5, 0.9, 20.0))
)


def post(app, *, query="", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    exchange = Exchange(app, headers=given, query=query)
    exchange.arrive(b"video", more=False)
    return exchange


@pytest.mark.parametrize("given", ["0", "-1", "nan", "soon", ""])
def test_a_timeout_is_a_number_above_0(client, given):
    headers = {"content-type": "video/mp4", "x-request-timeout-seconds": given}
    for path in ("/classify", "/v2/models/fake/infer", "/jobs"):
        refused = client.post(path, content=b"video", headers=headers)
        assert refused.status_code == 422, path
        assert "X-Request-Timeout-Seconds" in refused.text


def test_a_timeout_ends_the_work_and_never_raises_the_ceiling(make_app, recognizer, uploads):
    app = make_app(request_deadline_seconds=9)

    async def scenario():
        async with running(app):
            recognizer.block()
            short = await post(app, x_request_timeout_seconds="0.2").finished()
            await until(lambda: recognizer.num_running == 0)  # nobody has released it
            await until(lambda: uploads() == [])
            recognizer.release()
            await post(app, x_request_timeout_seconds="1e9").finished()
            return short

    short = asyncio.run(scenario())

    assert (short.status, short.json["code"]) == (408, "deadline_exceeded")
    assert "0.2 s" in short.json["detail"]
    assert recognizer.deadline.seconds == 9


def test_a_deadline_that_cannot_be_met_is_refused_at_once(make_app, recognizer):
    """Places are kept for 3 s: one computes, one waits, so a third has its answer after 9 s."""
    app = make_app(max_concurrency=1)

    async def scenario():
        async with running(app):
            app.state.service.admission._service_time.add(3.0)
            recognizer.block()
            inside = [post(app) for _ in range(2)]
            await until(lambda: app.state.service.admission.is_pressed)
            refused = Exchange(app, headers={"x-request-timeout-seconds": "8"})
            await until(lambda: len(refused.sent) == 2)  # no byte of its body has arrived
            refused.leave()
            await refused.finished()
            inside.append(post(app, x_request_timeout_seconds="10"))
            await asyncio.sleep(0.05)
            recognizer.release()
            return refused, [(await one.finished()).status for one in inside]

    refused, statuses = asyncio.run(scenario())

    assert (refused.status, refused.json["code"]) == (429, "overloaded")
    assert refused.headers["retry-after"] == "6"
    assert "about 9.0 s" in refused.json["detail"]
    assert statuses == [200] * 3


def test_while_a_place_is_free_any_deadline_is_tried(make_app):
    app = make_app(max_concurrency=1)

    async def scenario():
        async with running(app):
            app.state.service.admission._service_time.add(1000.0)
            return (await post(app, x_request_timeout_seconds="5").finished()).status

    assert asyncio.run(scenario()) == 200


@pytest.mark.parametrize(
    ("num_waiting", "max_queue", "level"),
    [
        (0, 16, 0),
        (3, 16, 0),
        (4, 16, 1),
        (8, 16, 2),
        (12, 16, 3),
        (16, 16, 3),
        (1, 2, 2),
        (0, 0, 0),
    ],
)
def test_levels_follow_the_queue(num_waiting, max_queue, level):
    assert level_of(num_waiting, max_queue) == level


def test_each_level_leaves_less():
    assert [share_of(level) for level in range(4)] == [1.0, 0.75, 0.5, 0.25]


@pytest.fixture
def crowded(make_app, recognizer):
    """One computes, four fill the queue, and are then served one after the other."""

    def crowd(queries, **settings):
        recognizer.spec = recognizer.spec.model_copy(update={"curve": CURVE})
        app = make_app(max_concurrency=1, max_queue=4, **settings)
        admission = app.state.service.admission

        async def scenario():
            async with running(app):
                recognizer.block()
                first = post(app)
                await until(lambda: recognizer.num_running == 1)
                others = []
                for number, query in enumerate(queries, start=1):
                    others.append(post(app, query=query))
                    await until(lambda n=number: admission._num_waiting == n)
                refused = await post(app).finished()
                recognizer.release()
                return refused, [await one.finished() for one in (first, *others)]

        return asyncio.run(scenario())

    return crowd


@pytest.fixture
def costed(monkeypatch):
    monkeypatch.setattr("model.inference.degraded.dense_gflops", lambda spec: 40.0)
    monkeypatch.setattr("model.inference.operating_points.dense_gflops", lambda spec: 40.0)


def test_less_is_computed_while_others_wait_and_it_is_told(crowded, costed, recognizer, sample):
    refused, answers = crowded(["", "", "budget=0.1", ""], degrade=True)

    assert refused.json["code"] == "overloaded"
    # The first began alone; behind the second wait three, behind the third two, and so on.
    assert [call.budget for call in recognizer.calls] == [None, 0.125, 0.25, 0.1, None]
    levels = [one.headers.get("x-degraded-level") for one in answers]
    assert levels == [None, "3", "2", None, None]
    codes = [[warning["code"] for warning in one.json["warnings"]] for one in answers]
    assert codes == [[], ["compute_degraded"], ["compute_degraded"], [], []]
    assert sample("adamml_degraded_requests_total", level="3") == 1
    assert sample("adamml_degraded_requests_total", level="1") == 0


def test_by_default_everybody_gets_the_same(crowded, costed, recognizer):
    crowded(["", "", "", ""])
    assert {call.budget for call in recognizer.calls} == {None}
