"""Leaving: how long after a client has left its place, its file and its processes are free."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx2 as httpx

from benchmarks.clips import film
from benchmarks.paper_model import BUNDLE, paper_model, paper_runtime
from benchmarks.results import Measured
from benchmarks.traffic.running_service import Service, running_service
from model.common.cores import num_cores

WANTED_SECONDS = 1.0
MOST_SECONDS = 60.0
POLL_SECONDS = 0.002
# All modalities of as many segments as an answer may have: the longest that one works.
QUERY = "segments=64&threshold=0"
LINES = "every_seconds=0.5&policy=all"
_JSON, _NDJSON = "application/json", "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Freed:
    """After the connection was closed: wall time, and processor time of the service's process,
    which says how much it did for nobody, whatever else the machine does."""

    seconds: float
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class Visited:
    """A service with one place to compute in, and the folder of its uploads.

    A place is given back before its file is deleted, so that files tell of places as well.
    """

    service: Service
    folder: Path

    def begin(
        self, body: bytes, query: str, *, accept: str = _JSON, size: int = 0
    ) -> socket.socket:
        """A request whose connection stays open; `size` is what it announces, if not all."""
        connection = socket.create_connection(("127.0.0.1", urlsplit(self.service.url).port))
        lines = [f"POST /classify?{query} HTTP/1.1", "Host: x", "Content-Type: video/mp4"]
        lines += [f"Accept: {accept}", f"Content-Length: {size or len(body)}", "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)
        return connection

    def leave(self, connection: socket.socket, *, others: int = 0) -> Freed:
        """`others`: uploads that stay. Raises TimeoutError where it is not freed."""
        before, start = self.processor_seconds(), time.monotonic()
        connection.close()
        wait_until(lambda: self.is_free(others), "all is free")
        return Freed(time.monotonic() - start, self.processor_seconds() - before)

    def processor_seconds(self) -> float:
        """Without that of its children, which is told when they have ended."""
        words = Path(f"/proc/{self.service.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")

    def is_free(self, others: int = 0) -> bool:
        return self.num_files() <= others and (others > 0 or not self.decoders())

    def num_files(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))

    def decoders(self) -> list[str]:
        """Process ids of its children."""
        found = []
        for task in Path(f"/proc/{self.service.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += (task / "children").read_text().split()
        return found

    def sample(self, name: str) -> float:
        text = httpx.get(f"{self.service.url}/metrics").text
        lines = (line.split() for line in text.splitlines())
        return next(float(words[1]) for words in lines if words[:1] == [name])

    def stage_seconds(self, body: bytes, query: str) -> dict[str, float]:
        """Of one whole request: how long after its head the stages begin and end."""
        headers = {"content-type": "video/mp4"}
        answer = httpx.post(
            f"{self.service.url}/classify?{query}", content=body, headers=headers, timeout=120
        )
        seconds: dict[str, float] = answer.json()["compute"]["seconds_by_stage"]
        return seconds


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + MOST_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited for {MOST_SECONDS:g} s, in vain: {what}")
        time.sleep(POLL_SECONDS)


def stages(visited: Visited, body: bytes, query: str = QUERY) -> Iterator[tuple[str, Freed]]:
    """A client that leaves in each of them."""
    taken = visited.stage_seconds(body, query)
    yield "upload", visited.leave(_uploading(visited, body))
    running = visited.begin(body, query)
    wait_until(lambda: visited.num_files() == 1 and bool(visited.decoders()), "it runs")
    waiting = visited.begin(body, query)
    wait_until(lambda: visited.sample("adamml_queue_depth") == 1, "another waits")
    yield "queue", visited.leave(waiting, others=1)
    visited.leave(running)
    before = 0.0
    for name in ("decode", "policy", "recognition"):
        length = taken[name] + (taken["flow"] if name == "recognition" else 0.0)
        connection = visited.begin(body, query)
        time.sleep(before + length / 2)
        yield name, visited.leave(connection)
        before += length
    lines = visited.begin(body, LINES, accept=_NDJSON)
    received = b""
    while b'"segment"' not in received:
        piece = lines.recv(65536)
        if not piece:
            raise ConnectionError("the service closed the connection")
        received += piece
    yield "lines", visited.leave(lines)


def _uploading(visited: Visited, body: bytes) -> socket.socket:
    """Most of a body is there, in a file."""
    connection = visited.begin(body[: len(body) // 2], QUERY, size=len(body))
    wait_until(lambda: visited.num_files() == 1, "it has begun")
    return connection


def measure(*, rounds: int, with_paper: bool = True) -> list[Measured]:
    """Of the bundled model, and of one of the paper's size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = film(folder / "clip.mp4", seconds=40, size="640x360").read_bytes()
        rows = _rows("bundled", folder / "bundled", clip, rounds)
        if not with_paper:
            return rows
        paper_runtime(paper_model(), folder, threads=num_cores())
        return rows + _rows("paper's size", folder / "paper", clip, rounds, model=folder / BUNDLE)


def _rows(
    model_name: str, uploads: Path, clip: bytes, rounds: int, **settings: object
) -> list[Measured]:
    uploads.mkdir()
    found: dict[str, list[Freed]] = {}
    with running_service(temp_dir=uploads, max_concurrency=1, **settings) as service:
        for _ in range(rounds):
            for stage, freed in stages(Visited(service, uploads), clip):
                found.setdefault(stage, []).append(freed)
    return [_row(model_name, stage, times) for stage, times in found.items()]


def _row(model_name: str, stage: str, times: list[Freed]) -> Measured:
    seconds = [freed.seconds for freed in times]
    processor = max(freed.processor_seconds for freed in times)
    return Measured(
        f"a client that leaves in the {stage}, model: {model_name}",
        max(seconds),
        "its connection's end",
        f"<= {WANTED_SECONDS:g}",
        f"the longest of {len(times)}; median {median(seconds):.3f} s; processor {processor:.2f} s",
        unit="s until all is free",
    )
