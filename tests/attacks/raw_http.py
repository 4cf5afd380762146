"""Requests byte by byte: what no client library would send, and what came back."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Iterable

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_ENOUGH = 65536


def ask(port: int, pieces: Iterable[bytes], *, seconds: float = 20.0) -> str:
    """The status and the problem's code that `pieces` get; "closed" without an answer, "silence"
    after so long. Stops sending when there is an answer."""
    received, _ = exchange(port, pieces, seconds=seconds)
    return told(received)


def exchange(port: int, pieces: Iterable[bytes], *, seconds: float) -> tuple[bytes | None, int]:
    """All that is answered, None where the connection is still open; and how many bytes went out
    before the answer began."""
    num_sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                num_sent += len(piece)
                if select.select([connection], [], [], 0)[0]:
                    break
        except ConnectionError:
            pass
        return _read(connection, seconds), num_sent


def _read(connection: socket.socket, seconds: float) -> bytes | None:
    received, end = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < end and not _is_whole(received):
            connection.settimeout(max(0.01, end - time.monotonic()))
            piece = connection.recv(_ENOUGH)
            if not piece:
                return received
            received += piece
    except TimeoutError:
        return None
    except ConnectionError:
        return received
    return received


def _is_whole(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.I)
    return bool(length) and len(body) >= int(length[1]) and _STATUS.match(head) is not None


def told(received: bytes | None) -> str:
    if received is None:
        return "silence"
    status = _STATUS.match(received)
    if status is None:
        return "closed" if not received else "nonsense"
    body = received.partition(b"\r\n\r\n")[2]
    try:
        code = " " + json.loads(body)["code"]
    except (ValueError, KeyError, TypeError):
        code = ""
    return status[1].decode() + code


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def whole(path: str, body: bytes, *headers: str) -> list[bytes]:
    return [head(path, f"Content-Length: {len(body)}", *headers), body]


def chunked(path: str, pieces: Iterable[bytes], *headers: str) -> Iterable[bytes]:
    yield head(path, "Transfer-Encoding: chunked", *headers)
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
