"""Ray Serve's HTTP proxies speak as the service does: what they refuse by themselves are problems.

Ray calls `middlewares` where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names it.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems.problems import refusal

# Ray's own routes, such as /-/healthz.
_RAYS_OWN = "/-/"
_CODES = {
    404: "not_found",
    408: "deadline_exceeded",
    429: "overloaded",
    500: "internal_error",
    503: "not_ready",
}
_LOST = "the replica ended before its answer"


def middlewares() -> list[Middleware]:
    return [Middleware(ProxyProblems)]


class ProxyProblems:
    """Around everything else in a proxy; answers of replicas pass, one X-Request-ID each."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_RAYS_OWN):
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send)
        await self._app(scope, receive, answer.send)
        await answer.end()


class _Answer:
    """One answer on its way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send_on = scope, receive, send
        self._started = False
        self._refused: tuple[str, Headers] | None = None
        self._detail = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif self._refused is None:
            await self._send_on(message)
        else:
            self._detail += message.get("body", b"")
            if not message.get("more_body", False):
                await self._refuse(*self._refused)

    async def _start(self, message: Message) -> None:
        self._started = True
        headers = MutableHeaders(scope=message)
        is_text = headers.get("content-type", "").startswith("text/plain")
        if is_text and message["status"] in _CODES:
            self._refused = _CODES[message["status"]], Headers(raw=headers.raw)
        else:
            # The proxy adds its own beside the replica's, which it is.
            headers["X-Request-ID"] = headers.get("x-request-id", "")
            await self._send_on(message)

    async def end(self) -> None:
        """Of a request that nobody has answered."""
        if not self._started:
            self._detail = _LOST.encode()
            await self._refuse("internal_error", Headers(scope=self._scope))

    async def _refuse(self, code: str, headers: Headers) -> None:
        request_id = headers.get("x-request-id", "")
        kept = {name: headers[name] for name in ("retry-after",) if name in headers}
        response = refusal(
            self._scope["path"],
            code,
            self._detail.decode(errors="replace"),
            request_id=request_id,
            headers={**kept, "X-Request-ID": request_id},
        )
        await response(self._scope, self._receive, self._send_on)
