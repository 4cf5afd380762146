"""Clients that keep a real server busy, and what becomes of every request that they sent."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

VIDEO = {"content-type": "video/mp4"}
LINES = {**VIDEO, "accept": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Question:
    """`headers` LINES: what counts is the last line."""

    name: str
    body: bytes
    query: str = "segments=2"
    headers: dict | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` is "ok", a problem's, or the name of the client's error when no answer came."""

    question: Question
    code: str
    told: object = None
    retry_after: str | None = None


def ask(server, question):
    """On a connection of its own."""
    headers = question.headers or VIDEO
    address = f"{server.url}/classify?{question.query}"
    try:
        response = httpx.post(address, content=question.body, headers=headers, timeout=90)
        content = json.loads(response.text.splitlines()[-1])
    except httpx.ConnectError:
        return Answer(question, "not connected")
    except (httpx.TransportError, ValueError, IndexError) as error:
        return Answer(question, f"no answer: {error!r}")
    if "code" in content:
        return Answer(question, content["code"], retry_after=response.headers.get("retry-after"))
    return Answer(question, "ok", told(content))


def told(answer):
    """All that does not depend on the moment."""
    moment = {"request_id", "type", "compute"}
    kept = {name: value for name, value in answer.items() if name not in moment}
    return {**kept, "gflops": answer["compute"]["gflops"]}


class Clients:
    """So many, each asking one question after the other, until the block is left. A context.

    `answers` is complete afterwards.
    """

    def __init__(self, server, questions, *, count=4):
        self.answers = []
        self._server, self._questions = server, itertools.cycle(questions)
        self._pool, self._count = ThreadPoolExecutor(count), count
        self._is_over, self._lock = threading.Event(), threading.Lock()

    def __enter__(self):
        self._clients = [self._pool.submit(self._client) for _ in range(self._count)]
        return self

    def stop(self):
        """Nothing more is asked; what was is waited for."""
        self._is_over.set()
        for client in self._clients:
            client.result()

    def __exit__(self, *error):
        self.stop()
        self._pool.shutdown()

    def ask_no_more(self):
        self._is_over.set()

    def _client(self):
        while not self._is_over.is_set():
            with self._lock:
                question = next(self._questions)
            answer = ask(self._server, question)
            with self._lock:
                self.answers.append(answer)


def assert_right(answers, right, *, problems):
    """Each is right or one of the `problems`; there is at least one that is right."""
    codes = Counter(answer.code for answer in answers)
    assert set(codes) <= {"ok", *problems}, codes
    assert codes["ok"], codes
    for answer in answers:
        assert answer.code != "ok" or answer.told == right[answer.question.name]
    return codes


def decoders(temp_dir, pid=None):
    """Processes that decode a file below `temp_dir`, whoever started them; of `pid` alone, its
    children."""
    return [
        int(path.name) for path in Path("/proc").glob("[0-9]*") if _decodes(path, temp_dir, pid)
    ]


def _decodes(process, temp_dir, pid):
    try:
        command = (process / "cmdline").read_bytes()
        status = (process / "stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    if status[0] in "ZX" or b"/ff" not in command:
        return False
    return str(temp_dir).encode() in command if pid is None else int(status[1]) == pid


def wait_until(condition, *, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
