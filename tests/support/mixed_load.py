"""A mixed load: good and broken videos, nonsense, too much, and clients that leave, all at once."""

from __future__ import annotations

import random
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx2 as httpx

from tests.support.clips import ffmpeg
from tests.support.moving_clip import moving_clip

VIDEO = {"content-type": "video/mp4"}
_PAUSE_SECONDS = 1.0
MAX_UPLOAD_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to ask. `sent` is the part of the body that a client sends before it leaves."""

    name: str
    body: bytes
    query: str = ""
    headers: dict[str, str] = field(default_factory=lambda: VIDEO)
    sent: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` and `content` are None for a client that left."""

    kind: Kind
    request_id: str
    status: int | None = None
    content: dict | None = None


def good_kinds(directory):
    """Small clips with sound, silent, and shorter than a segment; asked for in several ways."""
    sounding = moving_clip(directory / "sounding.mp4", seconds=2.0).read_bytes()
    silent = moving_clip(directory / "silent.mp4", seconds=1.5, sound=False).read_bytes()
    short = moving_clip(directory / "short.mkv", seconds=0.4).read_bytes()
    return [
        Kind("adaptive", sounding, "segments=2"),
        Kind("everything", sounding, "segments=2&policy=all"),
        Kind("silent", silent, "segments=1&policy=all"),
        Kind("eager", short, "segments=1&threshold=0"),
        Kind("reluctant", sounding, "segments=2&threshold=1"),
    ]


def bad_kinds(directory):
    """Each is refused for a reason of its own."""
    good = moving_clip(directory / "good.mp4", seconds=1.0).read_bytes()
    sound = directory / "sound.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", sound)
    return [
        Kind("text", b"no video at all"),
        Kind("truncated", good[: len(good) // 2]),
        Kind("no picture", sound.read_bytes()),
        Kind("empty", b""),
        Kind("wrong type", good, headers={"content-type": "text/css"}),
        Kind("wrong parameter", good, "segments=0"),
        Kind("no budget", good, "max_gflops=1e-9"),
        Kind("too large", b"\0" * (2 * MAX_UPLOAD_BYTES)),
    ]


def leaving_kinds(good):
    """Clients that leave half way through their upload, and right after it."""
    first, second, *_ = good
    return [
        Kind("leaves early", first.body, first.query, sent=0.5),
        Kind("leaves late", second.body, second.query, sent=1.0),
    ]


def run(url, kinds, num_requests=0, *, num_clients, seed=0):
    """Every kind once, then at random up to `num_requests`; the outcomes."""
    drawn = [*kinds, *random.Random(seed).choices(kinds, k=max(0, num_requests - len(kinds)))]
    random.Random(seed).shuffle(drawn)
    limits = httpx.Limits(max_keepalive_connections=0)
    with (
        httpx.Client(base_url=url, timeout=120, limits=limits) as client,
        ThreadPoolExecutor(num_clients) as pool,
    ):
        return list(pool.map(lambda kind: ask(client, kind), drawn))


def ask(client, kind):
    request_id = uuid.uuid4().hex
    if kind.sent is not None:
        _leave(client.base_url, kind, request_id)
        return Outcome(kind, request_id)
    headers = {**kind.headers, "x-request-id": request_id}
    response = client.post(f"/classify?{kind.query}", content=kind.body, headers=headers)
    if response.status_code == 429:
        time.sleep(_PAUSE_SECONDS)  # Or refusals, being quick, would be most of the outcomes.
    return Outcome(kind, request_id, response.status_code, response.json())


def _leave(url, kind, request_id):
    head = (
        f"POST /classify?{kind.query} HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Content-Type: video/mp4\r\nContent-Length: {len(kind.body)}\r\n"
        f"X-Request-ID: {request_id}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=60) as connection:
        connection.sendall(head.encode() + kind.body[: round(kind.sent * len(kind.body))])
