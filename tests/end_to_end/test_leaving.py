"""Clients that leave the real server, at every stage: place, file and processes are free again."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

# The aim is one; this machine may be shared, so that the test allows more.
SECONDS = 6.0


@pytest.fixture(scope="module")
def narrow(start):
    """A server with one place to compute in."""
    return start(max_concurrency=1, log_level="info")


@pytest.fixture(scope="module")
def long_clip(make_clip):
    return make_clip(
        "leaving.mp4",
        *("-f", "lavfi", "-i", "testsrc2=duration=40:size=640x360:rate=25,noise=alls=12:allf=t"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=40"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-shortest"),
    )


def begin(server, body, *, query="", accept="application/json", size=None):
    """A request whose connection stays open."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    head = f"POST /classify?{query} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
    head += f"Accept: {accept}\r\nContent-Length: {size or len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def children(server):
    path = Path(f"/proc/{server.process.pid}/task")
    told = [(task / "children").read_text().split() for task in path.iterdir()]
    return [pid for pids in told for pid in pids if _is_decoder(pid)]


def _is_decoder(pid):
    try:
        return b"ff" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def sample(server, name):
    text = server.client.get("/metrics").text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def wait_until(condition, *, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def assert_all_is_free(server):
    wait_until(lambda: not server.files() and not children(server))
    wait_until(lambda: sample(server, "adamml_requests_in_progress") == 0)
    assert sample(server, "adamml_queue_depth") == 0


def left_lines(server):
    lines = [line for line in server.log_lines() if line["message"] == "request"]
    return [line for line in lines if line.get("status") == 499]


def test_leaving_the_upload(narrow, long_clip):
    begin(narrow, long_clip.read_bytes()[:100_000], size=10**6).close()

    assert_all_is_free(narrow)


def test_leaving_the_queue(narrow, long_clip):
    body = long_clip.read_bytes()
    running = begin(narrow, body, query="segments=64&policy=all")
    wait_until(lambda: children(narrow))
    waiting = begin(narrow, body)
    wait_until(lambda: sample(narrow, "adamml_queue_depth") == 1)
    waiting.close()
    wait_until(lambda: sample(narrow, "adamml_queue_depth") == 0)
    wait_until(lambda: len(narrow.files()) == 1)
    running.close()

    assert_all_is_free(narrow)


def test_leaving_while_it_is_computed(narrow, long_clip):
    """At moments all over it: decoding, policy, flow and recognition of all modalities."""
    body, query = long_clip.read_bytes(), "segments=16&policy=all"
    start = time.monotonic()
    answer = narrow.client.post(
        f"/classify?{query}", content=body, headers={"content-type": "video/mp4"}
    )
    seconds = time.monotonic() - start
    assert answer.status_code == 200
    begun = len(left_lines(narrow))
    for share in (0.05, 0.3, 0.55, 0.8):
        connection = begin(narrow, body, query=query)
        time.sleep(share * seconds)
        connection.close()
        assert_all_is_free(narrow)
    assert len(left_lines(narrow)) >= begun + 3


def test_leaving_the_lines_half_way(narrow, long_clip):
    connection = begin(
        narrow, long_clip.read_bytes(), query="every_seconds=1", accept="application/x-ndjson"
    )
    received = b""
    while b'"segment"' not in received:
        received += connection.recv(65536)
    connection.close()

    assert_all_is_free(narrow)
    assert json.loads(narrow.client.get("/readyz").text) == {"status": "ready"}
    place = narrow.client.post(
        "/classify?segments=1",
        content=long_clip.read_bytes(),
        headers={"content-type": "video/mp4"},
    )
    assert place.status_code == 200
