"""A Ray cluster of two nodes: Serve answers, outlives a replica, refuses and drains; batch loses
nothing. `make test-ray` runs it, at length with RAY_VIDEOS; it is skipped without Ray.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx2 as httpx
import pytest
import yaml

from tests.support.moving_clip import moving_clip
from tests.support.ray_cluster import ROOT, free_port, node_of, ray_cluster

if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is not installed", allow_module_level=True)

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("ray")]

# A folder of videos to classify with and without Ray, and how many of them.
VIDEOS = os.environ.get("RAY_VIDEOS")
NUM_VIDEOS = int(os.environ.get("RAY_NUM_VIDEOS", "24"))
LOAD_SECONDS = float(os.environ.get("RAY_LOAD_SECONDS", "6"))
REPLICAS, COMPUTED, ONGOING, QUEUED = 2, 1, 2, 8
# About a second of work, so that there always is something inside.
QUERY = "every_seconds=0.5"
REPLICA = "ray::ServeReplica"


@pytest.fixture(scope="module")
def cluster():
    with ray_cluster(2, cores=1) as running:
        yield running


class Answer(NamedTuple):
    status: int
    begun: float
    ended: float
    headers: httpx.Headers
    code: str | None


class Served:
    """The application on the cluster, as its configuration file says but for its size."""

    def __init__(self, cluster, folder):
        self.cluster = cluster
        self.url = f"http://127.0.0.1:{free_port()}"
        self.video = moving_clip(folder / "clip.mp4", seconds=10).read_bytes()
        path = folder / "serve.yaml"
        path.write_text(yaml.safe_dump(self._configuration(folder)))
        command = ["-m", "ray.serve.scripts", "run", str(path), "--address", cluster.address]
        self._run([*command, "--non-blocking"])
        driver = [sys.executable, ROOT / "tests/support/serve_driver.py", cluster.address]
        pipe = subprocess.PIPE
        self.driver = subprocess.Popen(
            driver, env=cluster.environment, stdin=pipe, stdout=pipe, text=True
        )
        self.wait_for_replicas()

    def _configuration(self, folder):
        document = yaml.safe_load((ROOT / "deploy/ray/serve.yaml").read_text())
        # Both nodes are this machine, which has each port once.
        document["proxy_location"] = "HeadOnly"
        document["http_options"].update(host="127.0.0.1", port=int(self.url.split(":")[-1]))
        (application,) = document["applications"]
        variables = application["runtime_env"]["env_vars"]
        variables |= {"ADAMML_MAX_CONCURRENCY": str(COMPUTED), "ADAMML_JOBS_DIR": str(folder)}
        (deployment,) = application["deployments"]
        deployment |= {"max_ongoing_requests": ONGOING, "max_queued_requests": QUEUED}
        deployment["autoscaling_config"].update(min_replicas=REPLICAS, max_replicas=REPLICAS)
        return document

    def _run(self, arguments):
        environment = self.cluster.environment
        command = [sys.executable, *arguments]
        finished = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr

    def ask_driver(self, word):
        self.driver.stdin.write(f"{word}\n")
        self.driver.stdin.flush()
        return json.loads(self.driver.stdout.readline())

    def wait_for_replicas(self):
        end = time.monotonic() + 300
        while self.ask_driver("num_running") != REPLICAS or len(self.replicas()) != REPLICAS:
            assert time.monotonic() < end
            time.sleep(0.2)

    def replicas(self):
        return self.cluster.pids(REPLICA)

    def post(self, _=None):
        begun = time.monotonic()
        headers = {"content-type": "video/mp4"}
        url = f"{self.url}/classify?{QUERY}"
        response = httpx.post(url, content=self.video, headers=headers, timeout=120)
        ended, code = time.monotonic(), response.json().get("code")
        return Answer(response.status_code, begun, ended, response.headers, code)


@pytest.fixture(scope="module")
def served(cluster, tmp_path_factory):
    application = Served(cluster, tmp_path_factory.mktemp("served"))
    yield application
    # Its end, and of both pipes.
    application.driver.communicate(timeout=60)


def tell(name, **figures):
    """For the record, where the run is asked to show it."""
    sys.stdout.write(f"\n{json.dumps({'what': name, **figures})}\n")


def test_replicas_on_both_nodes_answer_as_the_service_does(served):
    with httpx.Client(base_url=served.url, timeout=60) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.get("/v2/health/ready").status_code == 200
        assert client.get("/nowhere").json()["code"] == "not_found"
        assert len(client.get("/model").headers.get_list("x-request-id")) == 1
        with ThreadPoolExecutor(REPLICAS * ONGOING) as pool:
            answers = list(pool.map(served.post, range(4 * REPLICAS)))

    assert {answer.status for answer in answers} == {200}
    assert len({node_of(pid) for pid in served.replicas()}) == REPLICAS
    assert all(served.cluster.logged("/classify", pid) for pid in served.replicas())


def test_a_replica_that_is_killed_takes_only_its_own_requests_along(served):
    clients, done = REPLICAS * ONGOING + 1, threading.Event()

    def keep_asking(_):
        answers = []
        while not done.is_set():
            answers.append(served.post())
        return answers

    with ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(keep_asking, number) for number in range(clients)]
        time.sleep(LOAD_SECONDS / 2)
        os.kill(served.replicas()[0], signal.SIGKILL)
        killed = time.monotonic()
        time.sleep(LOAD_SECONDS / 2)
        served.wait_for_replicas()
        done.set()
        answers = [answer for client in asking for answer in client.result()]
    failed = [answer for answer in answers if answer.status != 200]
    tell("killed", requests=len(answers), failed=[answer.status for answer in failed])

    assert 1 <= len(failed) <= ONGOING
    assert {(answer.status, answer.code) for answer in failed} == {(500, "internal_error")}
    assert all(answer.begun < killed < answer.ended for answer in failed)
    assert any(answer.begun > killed for answer in answers)


def test_more_than_may_wait_are_told_to_come_back(served):
    room = REPLICAS * ONGOING + QUEUED
    with ThreadPoolExecutor(3 * room) as pool:
        answers = list(pool.map(served.post, range(3 * room)))
    statuses = Counter(answer.status for answer in answers)
    tell("shed", statuses=statuses)

    assert set(statuses) == {200, 429}
    assert statuses[200] >= room
    refused = [answer for answer in answers if answer.status == 429]
    assert {(a.code, a.headers["retry-after"]) for a in refused} == {("overloaded", "5")}


def test_a_deletion_lets_requests_inside_end(served):
    with ThreadPoolExecutor(REPLICAS * ONGOING) as pool:
        inside = [pool.submit(served.post) for _ in range(REPLICAS * ONGOING)]
        time.sleep(0.5)
        assert not any(one.done() for one in inside)
        served.ask_driver("delete")
        statuses = Counter(one.result().status for one in inside)
    tell("deleted", statuses=statuses)

    assert statuses == {200: REPLICAS * ONGOING}
    assert served.post().status == 404
    assert served.replicas() == []


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """A list of videos: of those named by RAY_VIDEOS, or made; the last is not there."""
    folder = tmp_path_factory.mktemp("batch")
    if VIDEOS:
        paths = sorted(Path(VIDEOS).resolve().rglob("*.mp4"))
        step = max(1, len(paths) // NUM_VIDEOS)
        names = [str(path) for path in paths[::step][:NUM_VIDEOS]]
    else:
        clip = moving_clip(folder / "clip.mp4", seconds=4)
        names = [f"{number}.mp4" for number in range(NUM_VIDEOS)]
        for name in names:
            (folder / name).hardlink_to(clip)
    (folder / "list.txt").write_text("\n".join([*names, "nowhere.mp4"]))
    return folder / "list.txt"


def batch(listed, name, environment, *options):
    command = [sys.executable, "-m", "cli.main", "batch", listed, listed.parent / name, *options]
    return subprocess.Popen([str(word) for word in command], env=environment, cwd=ROOT)


def rows(listed, name):
    parts = (listed.parent / name).glob("part-*")
    found = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    return sorted(({**row, "seconds_by_stage": 0} for row in found), key=lambda row: row["path"])


def actors_at_work(cluster):
    return [pid for pid in cluster.pids("ray::") if "submit" in command_of(pid)]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_batch_gives_the_rows_that_it_gives_without_ray_though_an_actor_dies(cluster, listed):
    process = batch(listed, "ray", cluster.environment, "--ray", cluster.address)
    raylets, nodes, killed = set(cluster.pids("raylet/raylet")), set(), None
    while process.poll() is None:
        actors = actors_at_work(cluster)
        nodes |= {node_of(pid) for pid in actors} & raylets
        if len(nodes) == 2 and killed is None and actors:
            killed = actors[0]
            os.kill(killed, signal.SIGKILL)
        time.sleep(0.02)
    assert process.returncode == 0
    assert batch(listed, "plain", cluster.environment).wait() == 0
    found, plain = rows(listed, "ray"), rows(listed, "plain")
    same = sum(one == other for one, other in zip(found, plain, strict=True))
    tell("batch", rows=len(found), same=same, nodes=len(nodes), killed=killed is not None)

    assert killed is not None
    assert len(found) == NUM_VIDEOS + 1
    assert found == plain
