"""Servers for the client's tests: real processes, on real sockets."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "service"))

from server_process import ServerProcess

SERVE_FAKE = Path(__file__).parents[1] / "service" / "serve_fake.py"
COMMAND = [sys.executable, str(SERVE_FAKE)]


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    servers = []

    def start_server(**settings):
        directory = tmp_path_factory.mktemp("server")
        servers.append(ServerProcess(COMMAND, directory, **settings))
        return servers[-1].wait_until_ready()

    yield start_server
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def server(start):
    server = start()
    # Jobs are taken a moment after it is ready.
    end = time.monotonic() + 20
    while server.client.get("/jobs").status_code != 200:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return server


@pytest.fixture(scope="session")
def narrow_server(start):
    """One place, and no queue."""
    return start(max_concurrency=1, max_queue=0)
