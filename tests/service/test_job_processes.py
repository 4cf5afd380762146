"""Jobs outlive their processes: killed in the middle, all end once, by whoever is there."""

import sys
import time
from pathlib import Path

import pytest
from server_process import ServerProcess

from tests.support.postgres import programs, running_postgres

VIDEO = {"content-type": "video/mp4"}
COMMAND = [sys.executable, str(Path(__file__).with_name("serve_fake.py"))]
NUM_JOBS = 50


class Servers:
    def __init__(self, directory, **settings):
        self._directory = directory
        self._settings = {"jobs_dir": directory / "jobs", **settings}
        self.running = []

    def start(self):
        server = ServerProcess(COMMAND, self._directory, **self._settings)
        self.running.append(server)
        server.wait_until_ready()
        wait_for(lambda: server.client.get("/jobs").status_code == 200)
        return server

    def kill(self, server):
        server.kill()
        self.running.remove(server)


@pytest.fixture
def start_servers(tmp_path):
    made = []

    def make(**settings):
        made.append(Servers(tmp_path, **settings))
        return made[-1]

    yield make
    for servers in made:
        for server in servers.running:
            server.kill()


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def add_all(server):
    """Every other one twice, by the same key."""
    ids = []
    for number in range(NUM_JOBS):
        headers = {**VIDEO, "idempotency-key": f"key {number}"}
        for _ in range(1 + number % 2):
            response = server.client.post("/jobs", content=f"job{number}", headers=headers)
            assert response.status_code == 202
            ids.append(response.json()["id"])
    assert len(set(ids)) == NUM_JOBS
    return list(dict.fromkeys(ids))


def states(server, ids):
    return [server.client.get(f"/jobs/{job_id}").json()["state"] for job_id in ids]


def wait_until_some_ended(server, ids):
    wait_for(lambda: 5 <= states(server, ids).count("succeeded") < NUM_JOBS)


def assert_all_succeed(server, ids):
    wait_for(lambda: set(states(server, ids)) <= {"succeeded", "failed"}, seconds=60)
    jobs = [server.client.get(f"/jobs/{job_id}").json() for job_id in ids]
    assert {job["state"] for job in jobs} == {"succeeded"}
    # What was running when its process was killed was begun twice, and nothing else.
    assert sorted(job["attempts"] for job in jobs)[:-2] == [1] * (NUM_JOBS - 2)
    assert all(job["result"] for job in jobs)


def test_a_killed_process_finds_its_jobs_again(start_servers):
    servers = start_servers()
    server = servers.start()
    ids = add_all(server)
    wait_until_some_ended(server, ids)
    servers.kill(server)

    assert_all_succeed(servers.start(), ids)


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_two_processes_share_one_queue(start_servers):
    with running_postgres() as url:
        servers = start_servers(jobs_database=url)
        first, second = servers.start(), servers.start()
        ids = add_all(first)
        wait_until_some_ended(second, ids)
        servers.kill(first)

        assert_all_succeed(second, ids)
        servers.kill(second)


def test_a_process_that_is_asked_to_end_gives_its_job_back(start_servers):
    servers = start_servers()
    server = servers.start()
    job_id = server.client.post("/jobs", content=b"slow", headers=VIDEO).json()["id"]
    wait_for(lambda: states(server, [job_id]) == ["running"])
    server.terminate()
    assert server.wait() == 0
    servers.kill(server)

    again = servers.start()
    start = time.monotonic()
    wait_for(lambda: states(again, [job_id]) == ["succeeded"])

    assert time.monotonic() - start < 10
    assert again.client.get(f"/jobs/{job_id}").json()["attempts"] == 1
