"""SIGHUP: another model, in every process, and never an end."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest
from fake_recognizer import wait_until
from server_process import ServerProcess

SERVE_FAKE = Path(__file__).parents[1] / "serve_fake.py"
KEY = "a key of the administrator"


@pytest.fixture
def version_file(tmp_path):
    path = tmp_path / "version"
    path.write_text("first")
    return path


@pytest.fixture
def start(tmp_path, version_file):
    servers = []

    def start_server(**settings):
        command = [sys.executable, SERVE_FAKE, f"version={version_file}"]
        servers.append(ServerProcess(command, tmp_path, admin_key=KEY, **settings))
        return servers[-1]

    yield start_server
    for server in servers:
        server.kill()


def versions(server):
    """Whichever process answers: each of these has a connection of its own."""
    answers = [httpx.get(f"{server.url}/model", timeout=30).json() for _ in range(8)]
    return {answer["version"] for answer in answers}


def messages(server, text):
    return [line for line in server.log_lines() if line["message"].startswith(text)]


@pytest.mark.parametrize("workers", [1, 2])
def test_it_changes_the_model_of_every_process(start, version_file, workers):
    server = start(workers=workers).wait_until_ready()
    wait_until(lambda: len(messages(server, "ready")) == workers, seconds=20)

    version_file.write_text("second")
    server.process.send_signal(signal.SIGHUP)

    wait_until(lambda: len(messages(server, "the model was changed")) == workers, seconds=20)
    assert versions(server) == {"second"}
    assert {line["model_version"] for line in messages(server, "the model was")} == {"second"}


def test_the_route_changes_the_model_of_every_worker(start, version_file):
    server = start(workers=2).wait_until_ready()
    wait_until(lambda: len(messages(server, "ready")) == 2, seconds=20)

    version_file.write_text("second")
    key = {"authorization": f"Bearer {KEY}"}
    answer = server.client.post("/admin/reload", headers=key)

    assert answer.json()["model"]["version"] == "second"
    wait_until(lambda: len(messages(server, "the model was changed")) == 2, seconds=20)
    assert versions(server) == {"second"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_does_not_load_changes_nothing(start, version_file, workers):
    server = start(workers=workers).wait_until_ready()
    wait_until(lambda: len(messages(server, "ready")) == workers, seconds=20)

    version_file.write_text("")
    server.process.send_signal(signal.SIGHUP)

    wait_until(lambda: len(messages(server, "SIGHUP changed nothing")) == workers, seconds=20)
    assert "the file is empty" in messages(server, "the old model stays")[0]["error"]
    assert versions(server) == {"first"}
    server.terminate()
    assert server.wait() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_while_it_starts_it_does_not_end(start, workers):
    server = start(workers=workers)
    # From the first log line on; before that not even its imports are done.
    time.sleep(0.1)
    while not server.log_lines():
        time.sleep(0.01)
    for _ in range(5):
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.1)

    assert server.wait_until_ready()
    assert versions(server) == {"first"}
