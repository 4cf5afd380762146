"""HeadAsGet: HEAD is answered wherever GET is, with the same head and no body (RFC 9110, 9.3.2)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}

        async def send_head(message: Message) -> None:
            if message["type"] != "http.response.start":
                return
            # The router leaves it, and the metrics look for it.
            if "route" in as_get:
                scope["route"] = as_get["route"]
            await send(message)
            # The server then tells what would go on for long that the client has left.
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(as_get, receive, send_head)
