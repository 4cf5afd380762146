"""The service in a process of its own, for as long as it is measured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from benchmarks.traffic.holding import processor_seconds

START_SECONDS = 60.0
POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Service:
    """`start_seconds` passed from the start of the process until it was ready."""

    url: str
    pid: int
    start_seconds: float

    @property
    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def processor_seconds(self) -> float:
        return processor_seconds(self.pid)


@contextmanager
def running_service(**settings: object) -> Iterator[Service]:
    """`adamml serve` with the bundled model; `settings` become its ADAMML_ variables.

    Raises:
        TimeoutError: it is not ready in time.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {f"ADAMML_{name.upper()}": str(value) for name, value in settings.items()}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve", "--port", str(port)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url)
        yield Service(url, process.pid, time.perf_counter() - start)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str) -> None:
    end = time.monotonic() + START_SECONDS
    with httpx.Client() as client:
        while time.monotonic() < end:
            try:
                if client.get(f"{url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(POLL_SECONDS)
    raise TimeoutError(f"{url} was not ready within {START_SECONDS:g} s")
