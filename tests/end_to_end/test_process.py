"""The server's process: light, quick to start, clean to stop."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

VIDEO = {"content-type": "video/mp4"}


def children(pid):
    """Processes started by `pid` that still exist, zombies included."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


def post(server, body, query="segments=2"):
    return server.client.post(f"/classify?{query}", content=body, headers=VIDEO)


def test_serving_a_bundle_never_loads_torch(server, clip):
    assert post(server, clip.read_bytes()).status_code == 200

    mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libtorch" not in mapped
    assert "libopenvino_intel_cpu" in mapped


def test_requests_leave_no_process_and_no_file(server, clip):
    for body in (clip.read_bytes(), b"no video", clip.read_bytes()[:3000]):
        post(server, body)

    assert children(server.process.pid) == []
    assert server.files() == []


def test_sigterm_during_a_request_answers_it_and_ends_well(start, clip):
    server = start(drain_grace_seconds=60)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post, server, clip.read_bytes(), "policy=all&segments=4")
        time.sleep(0.2)
        server.terminate()
        assert answer.result().status_code == 200

    assert server.wait() == 0
    assert list(server.temp_dir.iterdir()) == []
    fields = [line for line in server.log_lines() if line["message"] == "request"]
    assert fields[-1]["gflops"] > 0


def test_memory_stays_small_over_requests_from_many_threads(start, clip):
    """Without `keep_memory_small` each thread's arena keeps what it once needed: 585 MB."""
    server, body = start(), clip.read_bytes()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(server, body, "segments=10"), range(16)))

    assert {answer.status_code for answer in answers} == {200}
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    assert pages * os.sysconf("SC_PAGE_SIZE") < 450e6
