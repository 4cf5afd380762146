"""docker-compose.replicas.yml in real containers: a replica can be stopped under load."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx

from benchmarks.traffic.bodies import make_bad, make_videos
from benchmarks.traffic.load import Load
from tests.support.container_engine import SERVICE_URL, containers, engine, inspect

COMPOSE_FILE = "docker-compose.replicas.yml"
PROJECT = "adamml-replicas"
NUM_REQUESTS = 40


def served(name):
    """Requests answered by one replica, asked inside of it."""
    code = (
        "import urllib.request as r; print(sum(float(l.split()[-1]) for l in"
        " r.urlopen('http://127.0.0.1:8000/metrics').read().decode().splitlines()"
        " if l.startswith('adamml_requests_total{') and 'classify' in l))"
    )
    return float(engine("exec", name, "python", "-c", code).stdout)


def test_load_is_shared_and_a_stop_of_one_replica_fails_no_request(started, tmp_path):
    replicas = containers(PROJECT, "service")
    assert len(replicas) == 2
    videos = make_videos(tmp_path)
    load = Load(SERVICE_URL, videos, bad=make_bad(videos[0]))

    first = load.run(clients=3, requests=NUM_REQUESTS, bad_share=0.2, query="segments=3")
    assert [one for one in first if not one.is_expected] == []
    assert all(served(name) >= NUM_REQUESTS / 5 for name in replicas)

    with ThreadPoolExecutor() as pool:
        second = pool.submit(
            load.run, clients=3, requests=NUM_REQUESTS, bad_share=0.2, query="segments=3", seed=1
        )
        time.sleep(1)
        engine("stop", replicas[0], timeout=60)
        outcomes = second.result()

    assert [one for one in outcomes if not one.is_expected] == []
    assert inspect(replicas[0])["State"]["ExitCode"] == 0
    assert httpx.get(f"{SERVICE_URL}/readyz").status_code == 200
