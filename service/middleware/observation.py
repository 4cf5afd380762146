"""Observation: the middleware around every request: its id, its log line, its metrics, its 500."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.access_log import log_request
from service.observability.metrics import ServiceMetrics
from service.observability.record import RequestRecord
from service.observability.request_id import choose_request_id, current_request_id
from service.observability.tracing import Tracing
from service.problems.problems import refusal

logger = logging.getLogger(__name__)


class Observation:
    """Counts and logs a request once, before the last byte of its answer leaves.

    A client that has its answer finds it in the counters already.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: ServiceMetrics, tracing: Tracing | None = None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        record = RequestRecord(
            request_id=choose_request_id(headers.get("x-request-id")),
            method=scope["method"],
            trace=self._tracing.begin(headers) if self._tracing else None,
        )
        token = current_request_id.set(record.request_id)
        try:
            await _Observed(self._app, self._metrics, scope, send, record).run(receive)
        finally:
            current_request_id.reset(token)


class _Observed:
    """One request on its way through the application."""

    def __init__(
        self, app: ASGIApp, metrics: ServiceMetrics, scope: Scope, send: Send, record: RequestRecord
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._scope = scope
        self._send_on = send
        self._started = self._finished = False
        self._record = record
        scope.setdefault("state", {})["record"] = self._record

    async def run(self, receive: Receive) -> None:
        try:
            await self._app(self._scope, receive, self._send)
        except Exception:
            logger.exception("unexpected error")
            if self._started:
                raise
            await self._answer_internal_error(receive)
        finally:
            self._finish()

    async def _answer_internal_error(self, receive: Receive) -> None:
        self._record.code = "internal_error"
        response = refusal(
            self._scope["path"],
            "internal_error",
            "An unexpected error was logged under this request id.",
            request_id=self._record.request_id,
        )
        await response(self._scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self._record.status = message["status"]
            self._add_headers(message)
        elif not message.get("more_body", False):
            self._finish()
        await self._send_on(message)

    def _add_headers(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Request-ID"] = self._record.request_id
        headers["X-Content-Type-Options"] = "nosniff"
        if self._record.degraded_level:
            headers["X-Degraded-Level"] = str(self._record.degraded_level)
        if self._record.trace is not None:
            headers.update(self._record.trace.headers)
        if self._record.seconds_by_stage:
            headers["Server-Timing"] = self._record.server_timing()

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        self._record.route = getattr(self._scope.get("route"), "path", "unknown")
        self._metrics.observe(self._record)
        log_request(self._record)
        if self._record.trace is not None:
            self._record.trace.end(self._record)
