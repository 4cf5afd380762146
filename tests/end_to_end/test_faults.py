"""Faults of all kinds under load, with the bundled model: every request that was accepted ends in
the answer that it has without the fault, or in a problem that says what happened; and nothing is
left behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from server_process import ServerProcess

from model.inference.loading import BUNDLED_MODEL
from tests.support.under_load import (
    LINES,
    VIDEO,
    Clients,
    Question,
    ask,
    decoders,
    told,
    wait_until,
)

SECONDS = 4.0
COMMAND = [sys.executable, "-m", "cli.main", "serve"]
KEY = "a key of the administrator"


@pytest.fixture(scope="module")
def questions(make_clip):
    """AV1 is decoded by two programs, one after the other; all else by one."""
    picture = ("-f", "lavfi", "-i", "testsrc2=duration=3:size=160x120:rate=25")
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3")
    h264 = make_clip("h264.mp4", *picture, *tone, "-c:v", "libx264", "-c:a", "aac").read_bytes()
    av1 = ("-c:v", "libsvtav1", "-pix_fmt", "yuv420p")
    av1 = make_clip("av1.webm", *picture, *av1).read_bytes()
    return [
        Question("plain", h264),
        Question("av1", av1),
        Question("lines", h264, "every_seconds=1", LINES),
    ]


@pytest.fixture(scope="module")
def right(server, questions):
    """What is told where nothing goes wrong, by the question's name."""
    answers = {question.name: ask(server, question) for question in questions}
    assert {answer.code for answer in answers.values()} == {"ok"}
    return {name: answer.told for name, answer in answers.items()}


def assert_right(answers, right, *, problems):
    """Each is right or one of the `problems`; there is at least one that is right."""
    codes = Counter(answer.code for answer in answers)
    assert set(codes) <= {"ok", *problems}, codes
    assert codes["ok"], codes
    for answer in answers:
        assert answer.code != "ok" or answer.told == right[answer.question.name]
    return codes


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


def truncated_model(path):
    path.write_bytes(BUNDLED_MODEL.read_bytes()[:100_000])


def empty_model(path):
    path.write_bytes(b"")


def unreadable_model(path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    path.chmod(0)


def vanished_model(path):
    path.unlink()


MODEL_FAULTS = [truncated_model, empty_model, unreadable_model, vanished_model]


@pytest.mark.parametrize("spoil", MODEL_FAULTS)
def test_a_model_that_is_spoilt_before_the_start(tmp_path, spoil):
    """The process ends, soon and with one line that names the file."""
    path = tmp_path / "model.adamml"
    shutil.copy(BUNDLED_MODEL, path)
    spoil(path)
    server = ServerProcess(COMMAND, tmp_path, model=path)
    try:
        assert server.wait(60) != 0
    finally:
        server.kill()
    assert path.name in server.log_text()
    assert list(server.temp_dir.iterdir()) == []


def test_a_model_that_is_spoilt_before_a_reload(start, tmp_path, questions, right):
    """The old one goes on answering, whatever becomes of its file, under load."""
    path, bearer = tmp_path / "model.adamml", {"authorization": f"Bearer {KEY}"}
    shutil.copy(BUNDLED_MODEL, path)
    server = start(model=path, admin_key=KEY)
    with Clients(server, questions[:1], count=2) as clients:
        for spoil in (truncated_model, empty_model, vanished_model):
            if path.exists():
                shutil.copy(BUNDLED_MODEL, path)
            spoil(path)
            refused = server.client.post("/admin/reload", headers=bearer)
            assert (refused.status_code, refused.json()["code"]) == (409, "model_not_loaded")
        shutil.copy(BUNDLED_MODEL, path)
        assert server.client.post("/admin/reload", headers=bearer).status_code == 200

    assert_right(clients.answers, right, problems=())


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
