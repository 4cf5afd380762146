"""The service against the bare classifier, under one client and under four."""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx

from benchmarks.clips import film
from benchmarks.interleaved import interleave
from benchmarks.results import Measured
from benchmarks.traffic.running_service import Service, running_service
from model.inference.loading import load_classifier

ROUNDS = 25
CLIENTS = 4
REQUESTS = 60
HEADERS = {"content-type": "video/mp4"}


def measure() -> list[Measured]:
    """The bundled model on a clip of 5 s, 320x240, with sound."""
    with tempfile.TemporaryDirectory() as folder, running_service() as service:
        clip = film(Path(folder) / "clip.mp4", seconds=5, size="320x240")
        return [*_one_client(service, clip), *_many_clients(service, clip.read_bytes())]


def _one_client(service: Service, clip: Path) -> list[Measured]:
    classifier, body = load_classifier(), clip.read_bytes()
    with httpx.Client(timeout=120) as client:
        timings = interleave(
            {
                "service": lambda: _post(client, service, body),
                "bare": lambda: classifier.classify(clip),
            },
            rounds=ROUNDS,
        )
    both = timings.median("service"), timings.median("bare")
    detail = f"{1e3 * both[0]:.0f} ms against {1e3 * both[1]:.0f} ms"
    baseline = "the bare Classifier call"
    over = 1e3 * statistics.median(
        own - other
        for own, other in zip(timings.seconds["service"], timings.seconds["bare"], strict=True)
    )
    return [
        Measured(
            "latency, one client",
            timings.ratio("service", "bare"),
            baseline,
            "<= 1.25",
            detail,
            unit="of the time",
        ),
        Measured("HTTP and JSON", over, baseline, "<= 15", detail, unit="ms more"),
    ]


def _many_clients(service: Service, body: bytes) -> list[Measured]:
    def post(_: int) -> float:
        start = time.perf_counter()
        with httpx.Client(timeout=120) as client:
            _post(client, service, body)
        return time.perf_counter() - start

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(post, range(CLIENTS)))
        before = _processor_seconds()
        seconds = list(pool.map(post, range(REQUESTS)))
        after = _processor_seconds()
    busy, all_of_it = after[0] - before[0], after[1] - before[1]
    median = statistics.median(seconds)
    return [
        Measured(
            f"processors busy, {CLIENTS} clients",
            100 * busy / all_of_it,
            "all cores all the time",
            ">= 85",
            f"{REQUESTS} requests",
            unit="%",
        ),
        Measured(
            f"slowest of {REQUESTS} requests, {CLIENTS} clients",
            max(seconds) / median,
            "the median",
            "<= 3",
            f"{max(seconds):.2f} s against {median:.2f} s",
            unit="times as long",
        ),
    ]


def _post(client: httpx.Client, service: Service, body: bytes) -> None:
    answer = client.post(f"{service.url}/classify", content=body, headers=HEADERS)
    answer.raise_for_status()


def _processor_seconds() -> tuple[float, float]:
    """Ticks of all cores since the machine started: busy ones, and all."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)
