"""Replicas of the service behind HAProxy, and requests that come at random times."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2 as httpx

from benchmarks.capacity.simulation import Outcome
from benchmarks.traffic.bodies import Body
from benchmarks.traffic.running_service import running_service

_HEADERS = {"content-type": "application/octet-stream"}
_TIMEOUT_SECONDS = 120.0
# This share of the requests, the first ones, when nobody waits yet, does not count.
WARM_UP = 0.2
# More at once than there is room for anywhere.
_MAX_INSIDE = 200
# Of docker/proxy/haproxy.cfg, but for the names of containers.
_PROXY = """
defaults
  mode http
  timeout connect 2s
  timeout client 330s
  timeout server 330s
  retries 3
  retry-on conn-failure
  option redispatch 1
frontend public
  bind 127.0.0.1:{port}
  default_backend replicas
backend replicas
  balance leastconn
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 500ms fall 2 rise 1
{servers}
"""


@contextmanager
def replicas(count: int, folder: Path, **settings: object) -> Iterator[str]:
    """The address of so many behind HAProxy, each on one thread.

    Raises FileNotFoundError where HAProxy is not installed.
    """
    program = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise FileNotFoundError("haproxy is not installed")
    with ExitStack() as stack:
        services = [
            stack.enter_context(
                running_service(threads=1, jobs_dir=folder / f"jobs-{number}", **settings)
            )
            for number in range(count)
        ]
        port = _free_port()
        servers = "\n".join(
            f"  server replica{number} {service.url.removeprefix('http://')}"
            for number, service in enumerate(services)
        )
        configuration = folder / f"haproxy-{count}.cfg"
        configuration.write_text(_PROXY.format(port=port, servers=servers))
        proxy = subprocess.Popen([program, "-db", "-f", str(configuration)])
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            proxy.terminate()
            proxy.wait()


def in_turns(url: str, bodies: Sequence[Body], *, clients: int, requests: int) -> list[float]:
    """Seconds of every request, of so many clients that ask one after the other."""
    draws = random.Random(clients)
    chosen = [draws.choice(bodies) for _ in range(requests)]
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as client, ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(lambda body: _post(client, url, body), chosen))
    if any(status != 200 for status, _ in answers):
        raise ValueError(f"{url} refused a request")
    return [seconds for _, seconds in answers]


def at_random(
    url: str, bodies: Sequence[Body], *, rate: float, seconds: float, seed: int
) -> Outcome:
    """Requests come whether or not others have been answered, `rate` a second."""
    draws, outcome = random.Random(seed), Outcome()
    limits = httpx.Limits(max_connections=_MAX_INSIDE)
    with (
        httpx.Client(timeout=_TIMEOUT_SECONDS, limits=limits) as client,
        ThreadPoolExecutor(_MAX_INSIDE) as pool,
    ):
        asked, at = [], time.monotonic()
        end = at + seconds
        while (at := at + draws.expovariate(rate)) < end:
            time.sleep(max(0.0, at - time.monotonic()))
            asked.append(pool.submit(_post, client, url, draws.choice(bodies)))
        answers = [one.result() for one in asked]
    for status, took in answers[round(WARM_UP * len(answers)) :]:
        if status == 200:
            outcome.latencies.append(took)
        elif status == 429:
            outcome.refused += 1
        else:
            raise ValueError(f"{url} answered {status}")
    return outcome


def _post(client: httpx.Client, url: str, body: Body) -> tuple[int, float]:
    start = time.perf_counter()
    answer = client.post(f"{url}/classify", content=body.content, headers=_HEADERS)
    return answer.status_code, time.perf_counter() - start


def _ready(url: str) -> str:
    end = time.monotonic() + 30
    while not _answers(url):
        if time.monotonic() > end:
            raise TimeoutError(f"{url} was not ready in time")
        time.sleep(0.1)
    return url


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
