"""Ways to use a service: answers, lines, jobs, tensors, bad files, clients that leave.

Each returns what must be the same every time it is asked for, and raises WrongAnswerError when the
answer is not what it should be.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx

from benchmarks.traffic.bodies import Body, make_bad

VIDEO = {"content-type": "video/mp4"}
LINES = {**VIDEO, "accept": "application/x-ndjson"}
_TIMEOUT_SECONDS = 120.0
# A client that leaves after its upload: its file may wait, be decoded, or be looked at by then.
_LEAVES_AFTER_SECONDS = 0.4


class WrongAnswerError(Exception):
    """Says what came instead."""


@dataclass(frozen=True, slots=True)
class Ask:
    """`kind` is a name of `WAYS`."""

    kind: str
    body: Body
    query: str = ""


def asks(videos: Sequence[Body]) -> list[Ask]:
    """Every way, with each video where it is cheap; the same in every round."""
    first, *_ = videos
    return [
        *(Ask("plain", video) for video in videos),
        *(Ask("lines", video, "every_seconds=1") for video in videos[:2]),
        *(Ask("job", video, "segments=4") for video in videos[:2]),
        Ask("tensor", first),
        *(Ask("bad", body) for body in make_bad(first)),
        Ask("bad", Body("parameter", first.content, statuses=(4,)), "segments=0"),
        *(Ask(f"leaves_{stage}", videos[-1]) for stage in ("upload", "work", "lines")),
    ]


def _plain(client: httpx.Client, ask: Ask) -> object:
    answer = client.post(f"/classify?{ask.query}", content=ask.body.content, headers=VIDEO)
    return _told(_document(answer, 200))


def _lines(client: httpx.Client, ask: Ask) -> object:
    answer = client.post(f"/classify?{ask.query}", content=ask.body.content, headers=LINES)
    return _told(_last_line(answer))


def _job(client: httpx.Client, ask: Ask) -> object:
    """Followed to its end, read, removed."""
    made = client.post(f"/jobs?{ask.query}", content=ask.body.content, headers=VIDEO)
    address = f"/jobs/{_document(made, 202)['id']}"
    last = _last_line(client.get(f"{address}/segments"))
    job = _document(client.get(address), 200)
    removed = _document(client.delete(address), 200)
    if job["state"] != "succeeded" or removed["id"] != job["id"] or job["result"] is None:
        raise WrongAnswerError(f"the job {job['state']}: {job['problem']}")
    if _told(last) != _told(job["result"]):
        raise WrongAnswerError("the last line is not the job's result")
    return _told(last)


def _tensor(client: httpx.Client, ask: Ask) -> object:
    """By the Open Inference Protocol, in base64."""
    (model,) = client.post("/v2/repository/index").json()
    data = [base64.b64encode(ask.body.content).decode()]
    tensor = {"name": "video", "datatype": "BYTES", "shape": [1], "data": data}
    answer = client.post(f"/v2/models/{model['name']}/infer", json={"inputs": [tensor]})
    outputs = {one["name"]: one["data"][0] for one in _document(answer, 200)["outputs"]}
    return outputs["label"], round(outputs["gflops"], 4)


def _bad(client: httpx.Client, ask: Ask) -> object:
    answer = client.post(f"/classify?{ask.query}", content=ask.body.content, headers=VIDEO)
    if answer.status_code // 100 not in ask.body.statuses:
        raise WrongAnswerError(f"{ask.body.name}: {answer.status_code} {answer.text[:200]}")
    return answer.status_code, answer.json().get("code")


def _leaves_upload(client: httpx.Client, ask: Ask) -> object:
    with _begun(client, ask, sent=0.5):
        return None


def _leaves_work(client: httpx.Client, ask: Ask) -> object:
    with _begun(client, ask):
        time.sleep(_LEAVES_AFTER_SECONDS)
    return None


def _leaves_lines(client: httpx.Client, ask: Ask) -> object:
    """After the first segment; of a stream that ends before it there is an end to see."""
    with _begun(client, ask, accept=LINES["accept"]) as connection:
        received = b""
        while b'"segment"' not in received:
            piece = connection.recv(65536)
            if not piece:
                raise WrongAnswerError(f"no segment: {received[:200]!r}")
            received += piece
    return None


def _begun(
    client: httpx.Client, ask: Ask, *, accept: str = "application/json", sent: float = 1.0
) -> socket.socket:
    """A request of which that share of the body is sent, on a connection of its own."""
    place = urlsplit(str(client.base_url))
    connection = socket.create_connection((place.hostname, place.port), timeout=_TIMEOUT_SECONDS)
    head = (
        f"POST /classify?every_seconds=1 HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: {accept}\r\n"
        f"Content-Type: video/mp4\r\nContent-Length: {len(ask.body.content)}\r\n\r\n"
    )
    content = ask.body.content[: round(sent * len(ask.body.content))]
    connection.sendall(head.encode() + content)
    return connection


WAYS: dict[str, Callable[[httpx.Client, Ask], object]] = {
    "plain": _plain,
    "lines": _lines,
    "job": _job,
    "tensor": _tensor,
    "bad": _bad,
    "leaves_upload": _leaves_upload,
    "leaves_work": _leaves_work,
    "leaves_lines": _leaves_lines,
}


def _document(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise WrongAnswerError(f"{answer.status_code} {answer.text[:200]}")
    found: dict[str, Any] = answer.json()
    return found


def _last_line(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != 200:
        raise WrongAnswerError(f"{answer.status_code} {answer.text[:200]}")
    last: dict[str, Any] = json.loads(answer.text.splitlines()[-1])
    if last["type"] != "result":
        raise WrongAnswerError(f"the last line is {str(last)[:200]}")
    return last


def _told(answer: dict[str, Any]) -> object:
    """The labels in their order, and what was computed for them: neither depends on the moment."""
    labels = tuple(one["label"] for one in answer["predictions"])
    return labels, round(answer["compute"]["gflops"], 4)
