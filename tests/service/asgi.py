"""Driving the application message by message, where a client library is too well behaved."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager


class Exchange:
    """One request: the test puts in what arrives, and looks at what was sent."""

    def __init__(self, app, *, path="/classify", method="POST", headers=None, query=""):
        self.sent = []
        self._arriving = asyncio.Queue()
        given = {"content-type": "video/mp4", "transfer-encoding": "chunked", **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self.task = asyncio.create_task(app(scope, self._arriving.get, self._send))

    async def _send(self, message):
        self.sent.append(message)

    def arrive(self, body, *, more=True):
        self._arriving.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def leave(self):
        self._arriving.put_nowait({"type": "http.disconnect"})

    async def finished(self, seconds=5.0):
        await asyncio.wait_for(self.task, seconds)
        return self

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def json(self):
        return json.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))


@asynccontextmanager
async def running(app):
    """The application between its startup, model loaded, and its shutdown."""
    async with app.router.lifespan_context(app):
        await until(lambda: app.state.service.recognizer is not None)
        yield app


async def until(condition, *, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the conditions are plain values
            await asyncio.sleep(0.005)
