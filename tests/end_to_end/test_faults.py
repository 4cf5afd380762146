"""Faults of all kinds under load, with the bundled model: every request that was accepted ends in
the answer that it has without the fault, or in a problem that says what happened; and nothing is
left behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from server_process import ServerProcess

from tests.support.under_load import (
    VIDEO,
    Clients,
    ask,
    assert_right,
    decoders,
    told,
    wait_until,
)

SECONDS = 4.0
COMMAND = [sys.executable, "-m", "cli.main", "serve"]


def assert_nothing_is_left(server):
    wait_until(lambda: not server.files() and not decoders(server.temp_dir, server.process.pid))


def kill_decoders(pid, temp_dir, *, seconds):
    """One at a time, at random moments of its work; how many."""
    draw, end, killed = random.Random(18), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        time.sleep(draw.uniform(0.02, 0.3))
        for victim in decoders(temp_dir, pid)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                killed += 1
    return killed


def test_decoders_that_are_killed(start, questions, right):
    """As the kernel does where memory runs out."""
    server = start()
    with Clients(server, questions) as clients:
        killed = kill_decoders(server.process.pid, server.temp_dir, seconds=SECONDS)
        # Then all is well again.
        since = len(clients.answers)
        wait_until(lambda: any(one.code == "ok" for one in clients.answers[since:]), seconds=60)

    codes = assert_right(clients.answers, right, problems={"decode_timeout"})
    assert killed >= 3
    assert codes["decode_timeout"] >= 1
    assert_nothing_is_left(server)
    assert ask(server, questions[0]).told == right["plain"]


def padded(body, size):
    """The same MP4 with a box of nothing at its end."""
    return body + struct.pack(">I4s", size, b"free") + bytes(size - 8)


@pytest.fixture
def small_disk(tmp_path):
    """A server whose uploads and jobs lie on a disk with room for two videos and a bit."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=1m none {disk}"
    in_namespace = ["unshare", "-rm", "sh", "-c"]
    if subprocess.run([*in_namespace, mount], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    script = f'{mount} && mkdir {disk}/jobs && exec "$@"'
    server = ServerProcess(
        [*in_namespace, script, "sh", *COMMAND], tmp_path, temp_dir=disk, jobs_dir=disk / "jobs"
    )
    # The disk is there for the server alone.
    server.temp_dir = Path(f"/proc/{server.process.pid}/root{disk}")
    yield server.wait_until_ready()
    server.kill()


def uploads(server):
    return [path for path in server.files() if not path.name.startswith("jobs.sqlite3")]


def test_a_full_disk(small_disk, questions, right):
    server, plain = small_disk, questions[0]
    big = dataclasses.replace(plain, body=padded(plain.body, 350_000))
    wait_until(lambda: server.client.get("/jobs").status_code == 200)
    jobs = []
    with Clients(server, [big]) as clients:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            jobs.append(server.client.post("/jobs?segments=2", content=big.body, headers=VIDEO))
            time.sleep(0.3)

    codes = assert_right(clients.answers, right, problems={"insufficient_storage"})
    assert codes["insufficient_storage"] >= 1
    refused = [one for one in clients.answers if one.code == "insufficient_storage"]
    assert all(int(one.retry_after) >= 1 for one in refused)
    assert {job.status_code for job in jobs} <= {202, 507}
    for job in (job.json() for job in jobs if job.status_code == 202):
        assert_job_is_right(server, job["id"], right, problems={"insufficient_storage"})
        server.client.delete(f"/jobs/{job['id']}")
    wait_until(lambda: not uploads(server))
    assert ask(server, big).told == right["plain"]


def ended_job(server, job_id):
    return (job := server.client.get(f"/jobs/{job_id}").json())["finished_at"] and job


def assert_job_is_right(server, job_id, right, *, problems=()):
    wait_until(lambda: ended_job(server, job_id), seconds=40)
    job = ended_job(server, job_id)
    if job["state"] == "failed":
        assert job["problem"]["code"] in problems
    else:
        assert (job["state"], told(job["result"])) == ("succeeded", right["plain"])


def test_sigterm_under_load(start, questions, right):
    """All that was sent before it is answered, and well, as there is time enough."""
    server = start(drain_grace_seconds=60)
    with Clients(server, questions) as clients:
        wait_until(lambda: len(clients.answers) >= len(questions))
        clients.ask_no_more()
        server.terminate()
        num_before = len(clients.answers)

    assert_right(clients.answers, right, problems={"shutting_down"})
    assert {answer.code for answer in clients.answers[num_before:]} >= {"ok"}
    assert server.wait(60) == 0
    assert list(server.temp_dir.iterdir()) == []
    assert decoders(server.temp_dir) == []


def test_sigkill_under_load(tmp_path, questions, right):
    """Nobody is answered any more, and after the next start nothing is left but jobs: those that
    were accepted are done."""
    shared = {"temp_dir": tmp_path / "uploads", "jobs_dir": tmp_path / "jobs"}
    shared["temp_dir"].mkdir()
    first = ServerProcess(COMMAND, tmp_path, **shared).wait_until_ready()
    wait_until(lambda: first.client.get("/jobs").status_code == 200)
    with Clients(first, questions) as clients:
        jobs = [accepted_job(first, questions[0]) for _ in range(4)]
        wait_until(lambda: first.client.get(f"/jobs/{jobs[0]}").json()["state"] != "queued")
        wait_until(lambda: decoders(shared["temp_dir"]))
        first.kill()
        clients.ask_no_more()
    codes = Counter(answer.code.partition(":")[0] for answer in clients.answers)
    assert set(codes) <= {"ok", "no answer", "not connected"}
    wait_until(lambda: not decoders(shared["temp_dir"]))

    again = ServerProcess(COMMAND, tmp_path, **shared).wait_until_ready()
    try:
        assert [path for path in shared["temp_dir"].rglob("*") if path.is_file()] == []
        assert ask(again, questions[1]).told == right["av1"]
        wait_until(lambda: again.client.get("/jobs").status_code == 200)
        for job_id in jobs:
            assert_job_is_right(again, job_id, right)
        states = Counter(job["state"] for job in again.client.get("/jobs").json()["jobs"])
        assert states == {"succeeded": len(jobs)}
        assert {path.suffix for path in shared["jobs_dir"].glob("0*")} <= {".result", ".segments"}
    finally:
        again.kill()


def accepted_job(server, question):
    response = server.client.post(f"/jobs?{question.query}", content=question.body, headers=VIDEO)
    assert response.status_code == 202
    return response.json()["id"]
