"""From the start of the process to ready, and memory over many requests."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import httpx2 as httpx

from benchmarks.results import Measured
from benchmarks.traffic.bodies import make_videos
from benchmarks.traffic.running_service import running_service

STARTS = 7
REQUESTS = 300
SETTLED = 100


def measure() -> list[Measured]:
    starts = []
    for _ in range(STARTS):
        with running_service() as service:
            starts.append(service.start_seconds)
    resident = _resident_bytes()
    first, last = resident[SETTLED - 1], resident[-1]
    growth = max(abs(one / first - 1) for one in resident[SETTLED:])
    return [
        Measured(
            "from the start of the process to ready",
            statistics.median(starts),
            "the clock",
            "<= 2",
            f"{min(starts):.2f} to {max(starts):.2f} s",
            unit="s",
        ),
        Measured(
            f"resident memory after {REQUESTS} requests",
            last / 1e6,
            "none",
            "<= 400",
            "clips of 2, 5 and 10 s in turns, with sound and without",
            unit="MB",
        ),
        Measured(
            f"its largest change after {SETTLED} requests",
            100 * growth,
            f"memory after {SETTLED} requests",
            "<= 5",
            f"{first / 1e6:.0f} MB, at the end {last / 1e6:.0f} MB",
            unit="%",
        ),
    ]


def _resident_bytes() -> list[int]:
    """After each request."""
    resident = []
    with tempfile.TemporaryDirectory() as folder, running_service() as service:
        bodies = [body.content for body in make_videos(Path(folder))]
        with httpx.Client(timeout=120) as client:
            for number in range(REQUESTS):
                client.post(
                    f"{service.url}/classify",
                    content=bodies[number % len(bodies)],
                    headers={"content-type": "video/mp4"},
                ).raise_for_status()
                resident.append(service.resident_bytes)
    return resident
