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


async def lifetime(*pieces, pause=0.05, app=answer):
    """What a connection answers, and whether the server closed it within a second."""
    config = uvicorn.Config(app, timeout_keep_alive=30, log_config=None)
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


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 6_000 + b"\r\n",
    ],
)
@pytest.mark.parametrize("piece_bytes", [1000, 100_000])
def test_a_long_head_is_refused_however_it_comes(head, piece_bytes):
    """One that is there at once used to be taken at any length up to what is read at once."""
    pieces = [head[at : at + piece_bytes] for at in range(0, len(head), piece_bytes)]
    received, is_closed = asyncio.run(lifetime(*pieces, pause=0.0))

    assert received.startswith(b"HTTP/1.1 400") or (len(pieces) > 1 and not received)
    assert is_closed


def test_a_second_long_head_is_refused_as_well():
    long = HEAD[:-2] + b"A: " + b"b" * 40_000 + b"\r\n\r\n"
    received, is_closed = asyncio.run(lifetime(HEAD, long, pause=0.4))

    assert received.startswith(b"HTTP/1.1 204")
    assert b"HTTP/1.1 400" in received
    assert is_closed


LARGE = 30_000_000  # More than the system takes for a client that does not read.


async def much(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(LARGE), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def connected_while_reading(piece_bytes, *, seconds):
    """Whether the server keeps a connection of which so much is read each tenth of a second."""
    config = uvicorn.Config(much, timeout_keep_alive=30, log_config=None)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ImpatientProtocol(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=65536)
    writer.write(HEAD)
    await asyncio.sleep(0.05)
    end = loop.time() + seconds
    while loop.time() < end and state.connections:
        if piece_bytes:
            await reader.read(piece_bytes)
        await asyncio.sleep(0.01)
    is_connected = bool(state.connections)
    writer.transport.abort()
    server.close()
    return is_connected


@pytest.mark.parametrize(("piece_bytes", "is_kept"), [(0, False), (1_000_000, True)])
def test_a_client_that_does_not_read_is_left(monkeypatch, piece_bytes, is_kept):
    """It would keep its connection, and what it is to be told in memory, without end."""
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2)
    assert asyncio.run(connected_while_reading(piece_bytes, seconds=1.0)) == is_kept


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
