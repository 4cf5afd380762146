"""Many clients that drip, beside good ones: a server in a process of its own answers the good.

Sixty of them used to take every upload place; `adamml bench strangers` measures the rate.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from server_process import ROOT, ServerProcess

SERVE_FAKE = Path(__file__).parents[1] / "serve_fake.py"
DRIPPERS = 200


@pytest.fixture
def server(tmp_path):
    # They are cut after a second, and come back.
    settings = {"upload_grace_seconds": 1.0, "max_queue": 50}
    server = ServerProcess([sys.executable, SERVE_FAKE], tmp_path, **settings)
    yield server.wait_until_ready(60)
    server.kill()


def test_good_clients_are_served_beside_many_that_drip(server):
    command = [sys.executable, "-m", "benchmarks.traffic.dripping", "127.0.0.1", str(server.port)]
    dripping = subprocess.Popen(
        [*command, str(DRIPPERS), "0.2"], stdout=subprocess.PIPE, cwd=ROOT, env={"PATH": ""}
    )
    try:
        assert dripping.stdout.readline() == b"dripping\n"
        end = time.monotonic() + 2.5
        with ThreadPoolExecutor(4) as pool:
            statuses = [
                status
                for found in pool.map(lambda _: post_until(server, end), range(4))
                for status in found
            ]
        assert some_are_cut(server, seconds=20)
    finally:
        dripping.kill()
        dripping.communicate()

    assert set(statuses) == {200}
    assert len(statuses) >= 4


def post_until(server, end):
    statuses = []
    while time.monotonic() < end:
        answer = server.client.post(
            "/classify", content=b"x" * 200_000, headers={"content-type": "video/mp4"}
        )
        statuses.append(answer.status_code)
    return statuses


def some_are_cut(server, *, seconds):
    end = time.monotonic() + seconds
    while 'status="408"} 0.0' in requests_of_classify(server):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def requests_of_classify(server):
    text = server.client.get("/metrics").text
    return next(line for line in text.splitlines() if 'route="/classify",status="408"' in line)
