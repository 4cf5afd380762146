"""Connections whose request never comes are closed; those that do their work are not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import h11
import pytest
import uvicorn
from uvicorn.server import ServerState

from service.process import connections
from service.process.connections import ImpatientProtocol, allow_many_connections


async def answer(scope, receive, send):
    await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def lifetime(*pieces, pause=0.05):
    """What a connection answers, and whether the server closed it within a second."""
    config = uvicorn.Config(answer, timeout_keep_alive=30, log_config=None)
    loop = asyncio.get_running_loop()
    state = ServerState()
    server = await loop.create_server(lambda: ImpatientProtocol(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    received = b""
    try:
        async with asyncio.timeout(1.0):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause)
            while piece := await reader.read(1000):
                received += piece
            is_closed = True
    except ConnectionError:
        is_closed = True
    except TimeoutError:
        is_closed = False
    writer.close()
    server.close()
    return received, is_closed


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.15)


@pytest.mark.parametrize(
    "pieces", [(), (b"GET / HT",), (b"G", b"E", b"T", b" "), (HEAD[:-2], b"A: b\r\n", b"C: d\r\n")]
)
def test_a_head_that_does_not_come_closes_the_connection(pieces):
    assert asyncio.run(lifetime(*pieces)) == (b"", True)


def test_while_it_is_answered_a_connection_stays():
    received, is_closed = asyncio.run(lifetime(HEAD))

    assert received.startswith(b"HTTP/1.1 204")
    assert not is_closed


def test_a_second_head_that_does_not_come_closes_it():
    received, is_closed = asyncio.run(lifetime(HEAD, HEAD[:9], pause=0.4))

    assert received.startswith(b"HTTP/1.1 204")
    assert is_closed


def test_many_files_may_be_open(monkeypatch):
    asked = []
    limits = SimpleNamespace(
        RLIMIT_NOFILE=7,
        RLIM_INFINITY=-1,
        getrlimit=lambda which: (1024, 100_000),
        setrlimit=lambda which, limits: asked.append((which, limits)),
    )
    monkeypatch.setattr(connections, "resource", limits)

    allow_many_connections()

    assert asked == [(7, (65_536, 100_000))]


def test_h11_still_tells_its_state():
    """What the protocol looks at."""
    assert h11.Connection(h11.SERVER).their_state is h11.IDLE
