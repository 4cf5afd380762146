"""OriginForm: a target in absolute form means its path, and must be accepted (RFC 9112, 3.2.2)."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_SCHEMES = (b"http://", b"https://")


class OriginForm:
    """`GET http://host/path` becomes `GET /path`; which host is named there changes nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            prefix = scope.get("root_path", "").encode("ascii")
            target: bytes = scope.get("raw_path", b"").removeprefix(prefix)
            if target.lower().startswith(_SCHEMES):
                _, _, after_scheme = target.partition(b"//")
                raw_path = prefix + b"/" + after_scheme.partition(b"/")[2]
                path = unquote(raw_path.decode("ascii"))
                scope = {**scope, "raw_path": raw_path, "path": path}
        await self._app(scope, receive, send)
