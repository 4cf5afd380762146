"""LingeringClose: refuse a body half way without losing the refusal.

A server that closes a connection on which bytes still arrive makes the client's system throw away
the answer that it had received. So after an early answer the rest of the body is read over for a
moment, and only then the connection closes.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LINGER_SECONDS = 2.0


class LingeringClose:
    def __init__(self, app: ASGIApp, *, seconds: float = _LINGER_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _announces_body(scope):
            exchange = _Exchange(receive, send, self._seconds)
            await self._app(scope, exchange.receive, exchange.send)
        else:
            await self._app(scope, receive, send)


class _Exchange:
    """One request with a body; `_read_all` once its end, or the client's, was seen."""

    def __init__(self, receive: Receive, send: Send, seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._seconds = seconds
        self._read_all = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._read_all = True
        return message

    async def send(self, message: Message) -> None:
        if self._read_all:
            await self._send(message)
        elif message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
            await self._send(message)
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._read_over()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read_over(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while not self._read_all:
                    await self.receive()
        except TimeoutError:
            return


def _announces_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
