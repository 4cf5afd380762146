"""A server in a process of its own: real sockets, real signals, real exit statuses."""

from __future__ import annotations

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fake_recognizer import wait_until
from server_process import ServerProcess, free_port

from service.keys.key_file import KeyFileError
from service.process.entry import serve
from service.settings import Settings

VIDEO = {"content-type": "video/mp4"}
COMMAND = [sys.executable, Path(__file__).parents[1] / "serve_fake.py"]


@pytest.fixture
def start(tmp_path):
    servers = []

    def start_server(*arguments, **settings):
        servers.append(ServerProcess([*COMMAND, *arguments], tmp_path, **settings))
        return servers[-1]

    yield start_server
    for server in servers:
        server.kill()


def post(server, body=b"video"):
    return server.client.post("/classify", content=body, headers=VIDEO)


def test_sigterm_on_an_idle_server_ends_well_and_leaves_nothing(start):
    server = start().wait_until_ready()
    assert post(server).status_code == 200

    server.terminate()

    assert server.wait() == 0
    assert {"ready", "request"} <= {line["message"] for line in server.log_lines()}
    assert list(server.temp_dir.iterdir()) == []


def test_sigterm_lets_running_requests_finish(start):
    server = start(drain_grace_seconds=5).wait_until_ready()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post, server, b"slow")
        time.sleep(0.3)
        server.terminate()
        time.sleep(0.3)
        probe = server.client.get("/readyz")
        refused = post(server)
        answer = answer.result()

    assert (probe.status_code, probe.json()["code"]) == (503, "shutting_down")
    assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
    assert answer.status_code == 200
    assert server.wait() == 0


def test_sigterm_answers_what_outlives_the_grace(start):
    server = start(drain_grace_seconds=0.1).wait_until_ready()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post, server, b"slow")
        time.sleep(0.3)
        server.terminate()
        answer = answer.result()

    assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
    assert server.wait() == 0
    assert list(server.temp_dir.iterdir()) == []


def test_a_model_that_does_not_load_ends_the_process(start):
    server = start("fail")

    assert server.wait() == 1
    (failure,) = (line for line in server.log_lines() if line["level"] == "error")
    assert "ValueError: not a bundle" in failure["traceback"]


def chunks(num_bytes):
    for _ in range(num_bytes // 65536):
        yield b"x" * 65536


def test_refusals_of_large_bodies_arrive(start):
    """Chunked or announced: the connection must not be reset before the answer is read."""
    server = start(max_upload_bytes=100_000).wait_until_ready()
    for body in (chunks(20_000_000), b"x" * 20_000_000):
        response = post(server, body)

        assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")
        assert response.headers["connection"] == "close"


def test_a_client_that_goes_away_is_noticed(start):
    server = start(max_concurrency=1).wait_until_ready()
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as uploading:
        uploading.sendall(head + b"Content-Length: 100\r\n\r\nvid")
    with socket.create_connection(("127.0.0.1", server.port)) as running:
        running.sendall(head + b"Content-Length: 4\r\n\r\nslow")
        time.sleep(0.2)

    wanted = 'adamml_requests_total{route="/classify",status="499"} 2.0'
    wait_until(lambda: wanted in server.client.get("/metrics").text)
    assert "adamml_requests_in_progress 0.0" in server.client.get("/metrics").text
    # The thread of the second one sleeps on; the next request waits for its place.
    assert post(server).status_code == 200
    assert server.files() == []


def test_the_server_does_not_name_itself(start):
    assert "server" not in start().wait_until_ready().client.get("/livez").headers


def test_metrics_have_a_port_of_their_own(start):
    port = free_port()
    server = start(metrics_port=port).wait_until_ready()
    assert post(server).status_code == 200

    scraped = server.client.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'adamml_requests_total{route="/classify",status="200"} 1.0' in scraped
    assert server.client.get("/metrics").status_code == 404
    assert server.client.get("/model").status_code == 200


def test_a_wrong_file_of_keys_stops_the_start(tmp_path):
    path = tmp_path / "keys.jsonl"
    path.write_text("nonsense\n")
    settings = Settings(api_keys_file=path)

    with pytest.raises(KeyFileError, match="line 1"):
        serve(settings)
