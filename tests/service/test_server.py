"""A server in a process of its own: real sockets, real signals, real exit statuses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

VIDEO = {"content-type": "video/mp4"}
HERE = Path(__file__).parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    processes = []

    def start_server(*arguments, **settings):
        settings = {"port": free_port(), "temp_dir": tmp_path, **settings}
        given = {f"ADAMML_{name.upper()}": str(value) for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, HERE / "serve_fake.py", *arguments],
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), **given},
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process, f"http://127.0.0.1:{settings['port']}"

    yield start_server
    for process in processes:
        process.kill()
        process.communicate()


def wait_until_ready(client):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/readyz").status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("the server was not ready in time")


@pytest.fixture
def connect(start):
    """(process, client) of a server that is ready."""
    clients = []

    def connect_to(**settings):
        process, url = start(**settings)
        client = httpx.Client(base_url=url, timeout=10)
        clients.append(client)
        wait_until_ready(client)
        return process, client

    yield connect_to
    for client in clients:
        client.close()


def log_lines(process):
    _, errors = process.communicate(timeout=10)
    return [json.loads(line) for line in errors.splitlines()]


def test_sigterm_on_an_idle_server_ends_well_and_leaves_nothing(connect, tmp_path):
    process, client = connect()
    assert client.post("/classify", content=b"video", headers=VIDEO).status_code == 200
    client.close()

    process.send_signal(signal.SIGTERM)

    messages = [line["message"] for line in log_lines(process)]
    assert process.returncode == 0
    assert "ready" in messages
    assert "request" in messages
    assert list(tmp_path.iterdir()) == []


def test_sigterm_lets_running_requests_finish(connect):
    process, client = connect(drain_grace_seconds=5)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.post, "/classify", content=b"slow", headers=VIDEO)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        probe = client.get("/readyz")
        refused = client.post("/classify", content=b"video", headers=VIDEO)
        answer = answer.result()

    assert (probe.status_code, probe.json()["code"]) == (503, "shutting_down")
    assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
    assert answer.status_code == 200
    assert process.wait(5) == 0


def test_sigterm_answers_what_outlives_the_grace(connect, tmp_path):
    process, client = connect(drain_grace_seconds=0.1)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.post, "/classify", content=b"slow", headers=VIDEO)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        answer = answer.result()

    assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
    assert process.wait(5) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_does_not_load_ends_the_process(start):
    process, _ = start("fail")

    lines = log_lines(process)

    assert process.returncode == 1
    (failure,) = (line for line in lines if line["level"] == "error")
    assert "ValueError: not a bundle" in failure["traceback"]


def chunks(num_bytes):
    for _ in range(num_bytes // 65536):
        yield b"x" * 65536


def test_refusals_of_large_bodies_arrive(connect):
    """Chunked or announced: the connection must not be reset before the answer is read."""
    _, client = connect(max_upload_bytes=100_000)
    for _ in range(3):
        chunked = client.post("/classify", content=chunks(20_000_000), headers=VIDEO)
        announced = client.post("/classify", content=b"x" * 20_000_000, headers=VIDEO)

        for response in (chunked, announced):
            assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")
            assert response.headers["connection"] == "close"


def test_a_client_that_goes_away_is_noticed(connect, tmp_path):
    _, client = connect(max_concurrency=1)
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address) as uploading:
        uploading.sendall(head + b"Content-Length: 100\r\n\r\nvid")
    with socket.create_connection(address) as running:
        running.sendall(head + b"Content-Length: 4\r\n\r\nslow")
        time.sleep(0.2)

    end = time.monotonic() + 5
    wanted = 'adamml_requests_total{route="/classify",status="499"} 2.0'
    while wanted not in client.get("/metrics").text:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert "adamml_requests_in_progress 0.0" in client.get("/metrics").text
    # The thread of the second one sleeps on; the next request waits for its place.
    assert client.post("/classify", content=b"video", headers=VIDEO).status_code == 200
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_server_does_not_name_itself(connect):
    _, client = connect()

    assert "server" not in client.get("/livez").headers
