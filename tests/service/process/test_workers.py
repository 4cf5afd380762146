"""Several workers: counted as one, stopped as one, ended when one of them ends."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest
from fake_recognizer import wait_until
from server_process import ServerProcess, free_port

VIDEO = {"content-type": "video/mp4"}
COMMAND = [sys.executable, Path(__file__).parents[1] / "serve_fake.py"]


@pytest.fixture
def start(tmp_path):
    servers = []

    def start_server(*arguments, **settings):
        servers.append(ServerProcess([*COMMAND, *arguments], tmp_path, workers=2, **settings))
        return servers[-1]

    yield start_server
    for server in servers:
        server.kill()


def ready_pids(server):
    return {line["pid"] for line in server.log_lines() if line["message"] == "ready"}


@pytest.fixture
def server(start):
    """Both workers are ready."""
    server = start()
    wait_until(lambda: len(ready_pids(server)) == 2, seconds=20)
    return server


def sample(text, series):
    (value,) = (line.split()[-1] for line in text.splitlines() if line.startswith(f"{series} "))
    return float(value)


def test_counters_are_exact_whichever_worker_is_asked(start):
    """From the moment that one is ready: the other used to answer `not_ready` a while longer."""
    server = start().wait_until_ready()

    def post(index):
        body, query = (b"video", "segments=3") if index % 3 else (b"", "segments=3")
        # A connection each, so that both workers get some.
        url = f"{server.url}/classify?{query}"
        return httpx.post(url, content=body, headers=VIDEO, timeout=30)

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(post, range(60)))

    answers = [response.json() for response in responses if response.status_code == 200]
    assert len(answers) == 40
    wait_until(lambda: len(ready_pids(server)) == 2, seconds=20)
    spent = sum(round(a["compute"]["gflops_by_component"]["rgb"] * 1e9) for a in answers)
    for _ in range(6):
        text = httpx.get(f"{server.url}/metrics").text
        assert sample(text, 'adamml_requests_total{route="/classify",status="200"}') == 40
        assert sample(text, 'adamml_requests_total{route="/classify",status="422"}') == 20
        assert sample(text, 'adamml_flops_executed_total{component="rgb"}') == spent
        assert sample(text, "adamml_segments_total") == 120
        assert sample(text, "adamml_request_duration_seconds_count") == 60
        assert sample(text, "adamml_requests_in_progress") == 0
        assert sample(text, 'adamml_model_info{name="fake",version="0123456789ab"}') == 1


def resident_bytes(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(value) * 1024


def test_the_processes_are_measured_together(server):
    pids = [server.process.pid, *ready_pids(server)]
    texts = [httpx.get(f"{server.url}/metrics").text for _ in range(6)]

    together = sum(resident_bytes(pid) for pid in pids)
    for text in texts:
        measured = sample(text, "process_resident_memory_bytes")
        assert measured == pytest.approx(together, rel=0.1)
        assert sample(text, "adamml_queue_capacity") == 2 * 16
        assert sample(text, "adamml_decoder_cpu_seconds_total") == 0
    seconds = [sample(text, "process_cpu_seconds_total") for text in texts]
    assert seconds == sorted(seconds)


def test_sigterm_drains_all_workers_and_leaves_nothing(server):
    with ThreadPoolExecutor() as pool:
        slow = [
            pool.submit(httpx.post, f"{server.url}/classify", content=b"slow", headers=VIDEO)
            for _ in range(2)
        ]
        wait_until(lambda: "in_progress 2.0" in httpx.get(f"{server.url}/metrics").text)
        server.terminate()
        statuses = [answer.result().status_code for answer in slow]

    assert statuses == [200, 200]
    assert server.wait() == 0
    assert list(server.temp_dir.iterdir()) == []


def test_time_is_not_forgotten_while_the_last_worker_drains(server):
    """The other one ends at once; a sum that falls would look like a burst to Prometheus."""
    seconds = []
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(httpx.post, f"{server.url}/classify", content=b"slow", headers=VIDEO)
        wait_until(lambda: "in_progress 1.0" in httpx.get(f"{server.url}/metrics").text)
        server.terminate()
        with contextlib.suppress(httpx.TransportError):
            while True:
                text = httpx.get(f"{server.url}/metrics").text
                seconds.append(sample(text, "process_cpu_seconds_total"))
        assert slow.result().status_code == 200

    assert seconds
    assert seconds == sorted(seconds)


def test_a_worker_that_dies_ends_the_service(server):
    os.kill(ready_pids(server).pop(), signal.SIGKILL)

    assert server.wait() == 1


def test_workers_end_with_their_parent(server):
    pids = ready_pids(server)
    server.process.kill()

    def gone(pid):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0]
        except FileNotFoundError:
            return True
        return state == "Z"

    wait_until(lambda: all(gone(pid) for pid in pids), seconds=15)


def test_a_model_that_does_not_load_ends_the_service(start):
    assert start("fail").wait() == 1


def test_a_port_of_metrics_tells_of_all_workers(start):
    port = free_port()
    server = start(metrics_port=port)
    wait_until(lambda: len(ready_pids(server)) == 2, seconds=20)
    for _ in range(4):
        # A connection each, so that either worker may get it.
        assert httpx.post(f"{server.url}/classify", content=b"v", headers=VIDEO).status_code == 200

    scraped = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert sample(scraped, 'adamml_requests_total{route="/classify",status="200"}') == 4
    assert sample(scraped, "process_resident_memory_bytes") > 0
    assert httpx.get(f"{server.url}/metrics").status_code == 404
