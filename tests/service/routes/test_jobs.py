"""/jobs: added, followed, cancelled, listed, removed; room, keys and ends."""

import json
import threading
import time

import pytest

from model.common.errors import UndecodableVideoError

VIDEO = {"content-type": "video/mp4"}


@pytest.fixture
def jobs_client(make_client):
    with make_client() as client:
        wait_for(lambda: client.get("/jobs").status_code == 200)
        yield client


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def add(client, query="", content=b"video", **headers):
    return client.post(f"/jobs{query}", content=content, headers={**VIDEO, **headers})


def ended(client, location):
    def look():
        job = client.get(location).json()
        return job if job["state"] in ("succeeded", "failed", "cancelled") else None

    return wait_for(look)


def test_a_job_gives_what_a_request_gives(jobs_client, recognizer, sample):
    plain = jobs_client.post("/classify?segments=4", content=b"video", headers=VIDEO).json()
    response = add(jobs_client, "?segments=4")

    assert response.status_code == 202
    location = response.headers["location"]
    assert location == f"/jobs/{response.json()['id']}"
    job = ended(jobs_client, location)
    assert job["state"] == "succeeded"
    assert job["problem"] is None
    result = job["result"]
    assert result.pop("request_id") == response.headers["x-request-id"]
    plain.pop("request_id")
    assert result == plain
    assert job["progress"] == {
        "segments_done": 4,
        "segments": 4,
        "seconds_done": 10.0,
        "video_seconds": 10.0,
        "gflops": pytest.approx(plain["compute"]["gflops"]),
    }
    assert (job["attempts"], job["place"]) == (1, None)
    assert job["created_at"] <= job["started_at"] <= job["finished_at"] < job["expires_at"]
    wait_for(lambda: sample("adamml_jobs_total", state="succeeded") == 1)


def test_segments_are_followed_until_the_end(jobs_client, recognizer):
    gate = threading.Event()
    recognizer.between = lambda index: gate.wait(5)
    location = add(jobs_client, "?segments=3").headers["location"]
    wait_for(lambda: jobs_client.get(location).json()["progress"]["segments_done"] == 1)
    threading.Timer(0.2, gate.set).start()

    response = jobs_client.get(f"{location}/segments")

    assert response.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert [line["type"] for line in lines] == ["segment"] * 3 + ["result"]
    assert [line["index"] for line in lines[:3]] == [0, 1, 2]


def test_a_job_that_fails_says_why(jobs_client, recognizer, sample):
    recognizer.error = UndecodableVideoError("it is broken")
    location = add(jobs_client).headers["location"]

    job = ended(jobs_client, location)

    assert (job["state"], job["result"]) == ("failed", None)
    assert (job["problem"]["code"], job["problem"]["detail"]) == (
        "undecodable_video",
        "it is broken",
    )
    last = jobs_client.get(f"{location}/segments").text.splitlines()[-1]
    assert json.loads(last)["type"] == "problem"


def test_an_unexpected_error_is_logged_and_not_shown(jobs_client, recognizer):
    recognizer.error = RuntimeError("secret")

    job = ended(jobs_client, add(jobs_client).headers["location"])

    assert job["problem"]["code"] == "internal_error"
    assert "secret" not in json.dumps(job)


def test_a_running_job_is_cancelled_within_a_second(jobs_client, recognizer):
    recognizer.block()
    location = add(jobs_client).headers["location"]
    wait_for(lambda: jobs_client.get(location).json()["state"] == "running")
    start = time.monotonic()

    assert jobs_client.delete(location).status_code == 200
    job = ended(jobs_client, location)

    assert job["state"] == "cancelled"
    assert time.monotonic() - start < 1.0
    last = jobs_client.get(f"{location}/segments").text.splitlines()[-1]
    assert json.loads(last) == {"type": "cancelled"}


def test_waiting_jobs_have_a_place_and_are_cancelled_at_once(jobs_client, recognizer, sample):
    recognizer.block()
    locations = [add(jobs_client).headers["location"] for _ in range(3)]
    wait_for(lambda: jobs_client.get(locations[0]).json()["state"] == "running")

    assert [jobs_client.get(one).json()["place"] for one in locations] == [None, 1, 2]
    assert jobs_client.delete(locations[1]).json()["state"] == "cancelled"
    assert jobs_client.get(locations[2]).json()["place"] == 1
    recognizer.release()
    assert ended(jobs_client, locations[2])["state"] == "succeeded"


def test_equal_keys_are_one_job(jobs_client):
    first = add(jobs_client, "?segments=2", **{"idempotency-key": "k"})
    again = add(jobs_client, "?segments=2", **{"idempotency-key": "k"})
    other = add(jobs_client, "?segments=3", **{"idempotency-key": "k"})

    assert again.headers["location"] == first.headers["location"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_pages(jobs_client):
    ids = [add(jobs_client).json()["id"] for _ in range(3)]

    first = jobs_client.get("/jobs?limit=2").json()
    second = jobs_client.get(f"/jobs?limit=2&before={first['next']}").json()

    assert sorted(job["id"] for job in (*first["jobs"], *second["jobs"])) == sorted(ids)
    assert second["next"] is None
    assert jobs_client.get("/jobs?limit=0").json()["code"] == "invalid_parameter"


def test_what_is_removed_is_gone(jobs_client):
    location = add(jobs_client).headers["location"]
    ended(jobs_client, location)

    assert jobs_client.delete(location).status_code == 200
    assert jobs_client.get(location).json()["code"] == "job_not_found"
    assert jobs_client.get(f"{location}/segments").status_code == 404
    assert jobs_client.delete(location).status_code == 404


def test_parameters_and_bodies_are_checked_as_elsewhere(jobs_client):
    assert add(jobs_client, "?segments=0").json()["code"] == "invalid_parameter"
    assert add(jobs_client, content=b"").json()["code"] == "empty_upload"
    response = jobs_client.post("/jobs", content=b"x", headers={"content-type": "text/html"})
    assert response.json()["code"] == "unsupported_media_type"


def test_the_quota_lets_old_results_go_and_then_refuses(make_client, make_settings, recognizer):
    with make_client(job_storage_bytes=30_000) as client:
        wait_for(lambda: client.get("/jobs").status_code == 200)
        first = add(client, content=b"x" * 10_000).headers["location"]
        ended(client, first)
        recognizer.block()
        second = add(client, content=b"x" * 20_000)
        assert second.status_code == 202
        refused = add(client, content=b"x" * 25_000)
        assert (refused.status_code, refused.json()["code"]) == (507, "insufficient_storage")
        assert client.get(first).status_code == 404
        recognizer.release()
        assert ended(client, second.headers["location"])["state"] == "succeeded"


def test_results_are_let_go_after_their_time(make_client, monkeypatch):
    monkeypatch.setattr("service.jobs.runner.SWEEP_SECONDS", 0.1)
    with make_client(job_retention_seconds=0.5) as client:
        wait_for(lambda: client.get("/jobs").status_code == 200)
        location = add(client).headers["location"]
        wait_for(lambda: client.get(location).status_code == 404)


def test_a_directory_that_cannot_be_made(make_client, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with make_client(jobs_dir=tmp_path / "file" / "jobs") as client:
        refused = add(client)
        assert (refused.status_code, refused.json()["code"]) == (503, "jobs_unavailable")
        assert client.post("/classify", content=b"video", headers=VIDEO).status_code == 200


def test_a_full_disk_refuses_new_jobs_and_breaks_none(jobs_client, recognizer, monkeypatch):
    """SQLite's own limit stands in for a disk without room."""
    import sqlalchemy as sql

    recognizer.block()
    running = add(jobs_client).headers["location"]
    wait_for(lambda: jobs_client.get(running).json()["state"] == "running")
    jobs = jobs_client.app.state.service.jobs

    def no_room(*_):
        raise sql.exc.OperationalError("", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("service.jobs.store._existing", no_room)
        refused = add(jobs_client)
    assert (refused.status_code, refused.json()["code"]) == (507, "insufficient_storage")
    assert len(jobs.store.ids()) == 1
    recognizer.release()
    assert ended(jobs_client, running)["state"] == "succeeded"


def test_readiness_does_not_wait_for_jobs(make_settings, recognizer, registry, tmp_path):
    """Where the directory cannot be made it is tried again and again, beside everything else."""
    from starlette.testclient import TestClient

    from service.app import create_app

    (tmp_path / "file").write_bytes(b"")
    settings = make_settings(jobs_dir=tmp_path / "file" / "jobs")
    app = create_app(settings, lambda: recognizer, registry=registry, loads_first=True)
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 200
