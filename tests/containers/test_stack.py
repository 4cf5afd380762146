"""docker-compose.yml in real containers: ready, confined, scraped, and drained by a stop."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest

from tests.support.container_engine import PROMETHEUS_URL, SERVICE_URL, containers, engine, inspect

COMPOSE_FILE = "docker-compose.yml"
VIDEO = {"content-type": "video/mp4"}


@pytest.fixture(scope="module")
def body(tmp_path_factory):
    from benchmarks.traffic.bodies import make_videos

    return make_videos(tmp_path_factory.mktemp("clips"))[-2].content


@pytest.fixture(scope="module")
def service(started):
    (name,) = containers("adamml", "service")
    return name


def post(body, query=""):
    url = f"{SERVICE_URL}/classify?{query}"
    return httpx.post(url, content=body, headers=VIDEO, timeout=120)


def test_a_video_is_classified_through_the_published_port(service, body):
    answer = post(body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["compute"]["gflops"] > 0


def test_the_service_can_write_to_no_file_but_its_uploads(service):
    assert engine("exec", service, "touch", "/x", check=False).returncode != 0
    engine("exec", service, "touch", "/tmp/x")  # noqa: S108
    assert engine("exec", service, "id", "-u").stdout.strip() == "10001"


def test_it_has_no_capability(service):
    status = engine("exec", service, "cat", "/proc/1/status").stdout
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_prometheus_scrapes_it(service):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = httpx.get(f"{PROMETHEUS_URL}/api/v1/targets", params={"state": "active"})
        targets = [
            one for one in answer.json()["data"]["activeTargets"] if one["scrapePool"] == "adamml"
        ]
        if [one["health"] for one in targets] == ["up"]:
            return
        time.sleep(1)
    pytest.fail(f"{[(one['scrapeUrl'], one['health'], one['lastError']) for one in targets]}")


def test_a_stop_lets_a_running_request_finish(service, body):
    """The last test: the container is gone afterwards."""
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post, body, "policy=all")
        time.sleep(0.3)
        start = time.monotonic()
        engine("stop", service)
        seconds = time.monotonic() - start
        assert answer.result().status_code == 200
    assert inspect(service)["State"]["ExitCode"] == 0
    assert seconds < 15, "the grace of the compose file"
