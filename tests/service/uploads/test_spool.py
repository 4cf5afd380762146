"""The quota of all uploads, and what a crash leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from fake_recognizer import wait_until
from server_process import ServerProcess

from service.locked_directory import LockedDirectory
from service.problems.errors import InsufficientStorageError
from service.uploads.spool import Spool

VIDEO = {"content-type": "video/mp4"}
SERVE_FAKE = Path(__file__).parents[1] / "serve_fake.py"
QUOTA = 50_000


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path, max_bytes=QUOTA)
    yield spool
    spool.remove()


@pytest.fixture
def held(tmp_path):
    """An upload of another process, which is under way."""
    other = Spool(tmp_path, max_bytes=QUOTA)
    upload = other.create()
    upload.file.write(b"x" * (QUOTA - 10_000))
    upload.file.flush()
    yield upload
    upload.delete()
    other.remove()


def post(client, size, **headers):
    return client.post("/classify", content=b"x" * size, headers={**VIDEO, **headers})


def pieces(size):
    for _ in range(size // 1000):
        yield b"x" * 1000


def refused(response):
    assert (response.status_code, response.json()["code"]) == (507, "insufficient_storage")
    assert int(response.headers["retry-after"]) > 0
    return True


def test_what_is_announced_must_fit(make_client, held, uploads):
    with make_client(upload_storage_bytes=QUOTA) as client:
        assert refused(post(client, 20_000))
        assert post(client, 9_000).status_code == 200
        held.delete()
        assert post(client, 20_000).status_code == 200
    assert uploads() == []


def test_what_is_not_announced_must_fit_as_it_comes(make_client, held, uploads, monkeypatch):
    monkeypatch.setattr("service.uploads.body._UNCHECKED_BYTES", 1000)
    with make_client(upload_storage_bytes=QUOTA) as client:
        raw = client.post("/classify", content=pieces(20_000), headers=VIDEO)
        form = client.post("/classify", files={"file": b"x" * 20_000})
        infer = client.post("/v2/models/fake/infer", content=b"[" + b"x" * 20_000)
        assert refused(raw)
        assert refused(form)
    assert infer.status_code == 507
    assert uploads() == [held.path]


def test_jobs_are_within_theirs_while_they_come(make_client, tmp_path, monkeypatch):
    monkeypatch.setattr("service.uploads.body._UNCHECKED_BYTES", 1000)
    with make_client(job_storage_bytes=30_000, max_job_upload_bytes=90_000) as client:
        wait_until(lambda: client.get("/jobs").status_code == 200)
        monkeypatch.setattr("service.uploads.upload._BATCH_BYTES", 1000)
        assert refused(client.post("/jobs", content=pieces(80_000), headers=VIDEO))
        directory = client.app.state.service.settings.jobs_dir
        assert list(directory.glob("*.upload")) == []


def test_a_disk_without_room_refuses_what_is_announced(spool, monkeypatch):
    usage = namedtuple("usage", ["free"])
    monkeypatch.setattr("service.uploads.spool.shutil.disk_usage", lambda path: usage(free=999))

    spool.require_room(999)
    with pytest.raises(InsufficientStorageError, match="no room for 1000 bytes"):
        spool.require_room(1000)


def test_what_others_made_is_left_alone(tmp_path):
    (tmp_path / "adamml-uploads-file").write_text("x")
    (tmp_path / "target").mkdir()
    (tmp_path / "adamml-uploads-link").symlink_to(tmp_path / "target")

    Spool(tmp_path, max_bytes=QUOTA).remove()

    assert (tmp_path / "adamml-uploads-file").exists()
    assert (tmp_path / "target").exists()


def test_processes_that_live_keep_theirs(tmp_path, held):
    Spool(tmp_path, max_bytes=QUOTA).remove()

    assert held.path.exists()


def test_workers_metrics_are_such_a_directory_too(tmp_path):
    code = (
        "import os, sys; from pathlib import Path\n"
        "from service.locked_directory import LockedDirectory\n"
        "LockedDirectory(Path(sys.argv[1]), 'adamml-metrics-'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 1

    with LockedDirectory(tmp_path, "adamml-metrics-") as directory:
        assert list(tmp_path.iterdir()) == [directory]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_goes_at_the_next_start(tmp_path):
    command = [sys.executable, SERVE_FAKE]
    first = ServerProcess(command, tmp_path).wait_until_ready(90)
    uploading = subprocess.Popen(
        [sys.executable, "-c", _HALF_A_BODY, str(first.port)], stdout=subprocess.PIPE
    )
    wait_until(lambda: first.files() != [] and any(path.stat().st_size for path in first.files()))
    first.kill()
    assert first.files() != []

    second = ServerProcess(command, tmp_path, temp_dir=first.temp_dir)
    second.wait_until_ready(90)
    left = second.files(), len(list(first.temp_dir.iterdir()))
    second.terminate()

    assert second.wait(60) == 0
    assert left == ([], 1)
    assert list(first.temp_dir.iterdir()) == []
    second.kill()
    uploading.kill()
    uploading.communicate()


_HALF_A_BODY = """
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    s.sendall(b"POST /classify HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: video/mp4\\r\\n")
    s.sendall(b"Content-Length: 9000000\\r\\n\\r\\n" + b"x" * 4000000)
    time.sleep(60)
"""
