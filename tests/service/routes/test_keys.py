"""Keys over HTTP: who is let in, where, and before anything of the body is read."""

from __future__ import annotations

import asyncio
import logging

import pytest
from asgi import Exchange, running, until
from fake_recognizer import wait_until

from service.keys.key_file import add_key, new_key, remove_key
from service.keys.key_ring import KeyRing

OPEN = ["/livez", "/readyz", "/", "/openapi.json", "/v2/health/live", "/v2/health/ready"]
OPEN += ["/v2/models/fake/ready"]
KEYED = ["/model", "/metrics", "/jobs", "/jobs/x", "/jobs/x/segments", "/v2", "/v2/models/fake"]
VIDEO = {"content": b"video", "headers": {"content-type": "video/mp4"}}


@pytest.fixture
def keys_file(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "keys.jsonl"


@pytest.fixture
def key(keys_file):
    return added(keys_file, "acme", requests_per_minute=600)


def added(path, name, **limits):
    key, entry = new_key(name, **limits)
    add_key(path, entry)
    return key


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def post(client, key, path="/classify"):
    return client.post(path, content=b"video", headers={"content-type": "video/mp4", **bearer(key)})


def test_health_is_open_and_the_rest_is_not(make_client, keys_file, key):
    with make_client(api_keys_file=keys_file) as client:
        assert {client.get(path).status_code for path in OPEN} == {200}
        for path in KEYED:
            refused = client.get(path)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert client.get(path, headers=bearer(key)).status_code in (200, 404, 503)
        for path in ("/classify", "/jobs", "/v2/models/fake/infer", "/v2/repository/index"):
            assert client.post(path, **VIDEO).status_code == 401


def test_without_a_file_anybody_may_ask(client):
    assert client.post("/classify", **VIDEO).status_code == 200


@pytest.mark.parametrize("given", ["", "Bearer", "Basic x", "Bearer adamml_x_y", "Bearer é"])
def test_what_is_no_key_is_refused(make_client, keys_file, key, given):
    with make_client(api_keys_file=keys_file) as client:
        refused = client.get("/model", headers={"authorization": given.encode()})
    assert refused.json()["code"] == "unauthorized"


def test_a_wrong_secret_behind_a_known_id_is_refused(make_client, keys_file, key, sample):
    with make_client(api_keys_file=keys_file) as client:
        assert post(client, key[:-1]).status_code == 401
        assert post(client, key).status_code == 200
    assert sample("adamml_requests_rejected_total", reason="unauthorized") == 1


def test_the_name_is_in_metrics_and_log_and_the_key_is_not(
    make_client, keys_file, key, sample, caplog
):
    with make_client(api_keys_file=keys_file) as client, caplog.at_level(logging.INFO):
        assert sample("adamml_key_requests_total", key="acme") == 0
        post(client, key)
        assert key not in client.get("/metrics", headers=bearer(key)).text

    assert sample("adamml_key_requests_total", key="acme") == 2
    assert sample("adamml_key_flops_total", key="acme") == sum(
        sample("adamml_flops_executed_total", component=one) for one in ("policy", "rgb", "flow")
    )
    lines = [record.fields for record in caplog.records if record.message == "request"]
    assert lines[0]["key"] == "acme"
    assert key not in str(lines)


def test_a_refusal_comes_before_the_body(make_app, keys_file, key):
    app = make_app(api_keys_file=keys_file)

    async def scenario():
        async with running(app):
            refused = []
            for path in ("/classify", "/jobs", "/v2/models/fake/infer"):
                exchange = Exchange(app, path=path)
                await until(lambda one=exchange: len(one.sent) == 2)
                exchange.leave()
                refused.append((await exchange.finished()).status)
            return refused

    assert asyncio.run(scenario()) == [401] * 3


def test_limits_are_of_one_key(make_client, keys_file, sample):
    slow, other = added(keys_file, "slow", requests_per_minute=1), added(keys_file, "other")
    with make_client(api_keys_file=keys_file) as client:
        assert post(client, slow).status_code == 200
        refused = post(client, slow)
        assert post(client, other).status_code == 200

    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 55 <= int(refused.headers["retry-after"]) <= 60
    assert sample("adamml_key_rate_limited_total", key="slow") == 1
    assert sample("adamml_requests_rejected_total", reason="rate_limited") == 1


def test_what_was_spent_counts(make_client, keys_file):
    key = added(keys_file, "small", gflops_per_minute=1)
    with make_client(api_keys_file=keys_file) as client:
        assert post(client, key).status_code == 200
        assert post(client, key).json()["code"] == "rate_limited"


def test_a_key_holds_its_place_until_the_last_line(make_app, recognizer, keys_file):
    key = added(keys_file, "one", concurrency=1)
    app = make_app(api_keys_file=keys_file)

    def ask():
        exchange = Exchange(app, headers={"accept": "application/x-ndjson", **bearer(key)})
        exchange.arrive(b"video", more=False)
        return exchange

    async def scenario():
        async with running(app):
            recognizer.block()
            first = ask()
            await until(lambda: recognizer.num_running == 1)
            second = await ask().finished()
            recognizer.release()
            await first.finished()
            third = await ask().finished()
            return first.status, second.status, third.status

    assert asyncio.run(scenario()) == (200, 429, 200)


def test_the_file_is_followed(keys_file, key, monkeypatch):
    monkeypatch.setattr("service.keys.key_ring._LOOK_SECONDS", 0.0)
    ring = KeyRing(keys_file)

    async def scenario():
        assert (await ring.require(f"Bearer {key}"))[0] == "acme"
        new = added(keys_file, "new")
        assert (await ring.require(f"bearer {new}"))[0] == "new"
        remove_key(keys_file, "acme")
        with pytest.raises(Exception, match="not known"):
            await ring.require(f"Bearer {key}")
        keys_file.write_text("nonsense\n")
        assert (await ring.require(f"Bearer {new}"))[0] == "new"
        keys_file.unlink()
        assert (await ring.require(f"Bearer {new}"))[0] == "new"

    asyncio.run(scenario())
    ring.close()


def test_a_key_is_hashed_once_and_guesses_are_not(keys_file, key, monkeypatch):
    ring = KeyRing(keys_file)
    (entry,) = ring._entries
    hashed = []
    monkeypatch.setattr(type(entry), "matches", lambda self, key: not hashed.append(key))

    async def scenario():
        for _ in range(5):
            await ring.require(f"Bearer {key}")
        for number in range(5):
            with pytest.raises(Exception, match="not known"):
                await ring.require(f"Bearer adamml_{number:016x}_guess")

    asyncio.run(scenario())
    ring.close()
    assert hashed == [key]


def test_a_flood_of_guesses_behind_a_known_id_waits_its_turn(keys_file, key, monkeypatch):
    ring = KeyRing(keys_file)
    monkeypatch.setattr("service.keys.key_ring._MAX_CHECKS", 2)

    async def scenario():
        asked = [ring.require(f"Bearer {key}{number}") for number in range(10)]
        return await asyncio.gather(*asked, return_exceptions=True)

    codes = [error.code for error in asyncio.run(scenario())]
    ring.close()
    assert sorted(codes) == ["rate_limited"] * 8 + ["unauthorized"] * 2


def test_a_key_pays_for_its_jobs(make_client, keys_file, monkeypatch):
    monkeypatch.setattr("service.keys.key_limits._SETTLE_SECONDS", 0.0)
    small, other = added(keys_file, "small", gflops_per_minute=5), added(keys_file, "other")
    with make_client(api_keys_file=keys_file) as client:
        wait_until(lambda: client.get("/jobs", headers=bearer(other)).status_code == 200)
        place = post(client, small, "/jobs").headers["location"]
        ended = ("succeeded", "failed")
        wait_until(lambda: client.get(place, headers=bearer(other)).json()["state"] in ended)

        refused = client.get(place, headers=bearer(small))
        assert refused.json()["code"] == "rate_limited"
        assert client.get(place, headers=bearer(other)).status_code == 200
