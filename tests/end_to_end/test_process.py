"""The server's process: light, quick to start, clean to stop, and exact in its counters."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

VIDEO = {"content-type": "video/mp4"}


def children(pid):
    """Processes started by `pid` that still exist, zombies included."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


def scrape(server):
    """{(name, labels): value} of the service's own series."""
    text = server.client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("adamml_")
    }


def post(server, body, query="segments=2"):
    return server.client.post(f"/classify?{query}", content=body, headers=VIDEO)


def test_serving_a_bundle_never_loads_torch(server, clip):
    assert post(server, clip.read_bytes()).status_code == 200

    mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libtorch" not in mapped
    assert "onnxruntime" in mapped


def test_requests_leave_no_process_and_no_file(server, clip):
    for body in (clip.read_bytes(), b"no video", clip.read_bytes()[:3000]):
        post(server, body)

    assert children(server.process.pid) == []
    assert server.files() == []


def test_counters_equal_the_answers_under_a_mixed_load(start, clip, silent_clip):
    server = start(max_queue=1000, max_uploads=1000)
    good = [clip.read_bytes(), silent_clip.read_bytes()]
    bad = [b"", b"no video", clip.read_bytes()[:2000]]
    bodies = random.Random(3).choices(good + bad, weights=[2, 2, 1, 1, 1], k=24)
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda body: post(server, body), bodies))

    answers = [response.json() for response in responses if response.status_code == 200]
    assert len(answers) == sum(body in good for body in bodies)
    series = scrape(server)
    for component in ("policy", "rgb", "flow", "audio"):
        spent = sum(round(a["compute"]["gflops_by_component"][component] * 1e9) for a in answers)
        key = ("adamml_flops_executed_total", (("component", component),))
        assert series[key] == spent
    avoided = sum(answer["compute"]["flow_pairs_avoided"] for answer in answers)
    assert series["adamml_flow_pairs_avoided_total", ()] == avoided
    assert series["adamml_segments_total", ()] == 2 * len(answers)
    refused = sum(response.status_code == 422 for response in responses)
    key = ("adamml_requests_total", (("route", "/classify"), ("status", "422")))
    assert series[key] == refused == len(bodies) - len(answers)
    assert series["adamml_requests_in_progress", ()] == 0


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
