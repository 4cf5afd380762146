"""Traces: one span a request, with a child a stage, for those who run an OpenTelemetry collector.

OpenTelemetry's SDK is imported only where the settings name a collector, and only if the extra
`otel` is installed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from service.observability.record import RequestTrace

logger = logging.getLogger(__name__)


class Tracing(Protocol):
    def begin(self, headers: Mapping[str, str]) -> RequestTrace:
        """`headers` by their names in lower case, of the request."""
        ...

    def shutdown(self) -> None:
        """Send what is left, or give up soon; blocks."""
        ...


def create_tracing(endpoint: str | None) -> Tracing | None:
    """None: there is no `endpoint`, or OpenTelemetry is not installed."""
    if endpoint is None:
        return None
    try:
        from service.observability.otel import otlp_tracing
    except ImportError as error:
        logger.warning("no traces are sent: pip install 'adamml[otel]' (%s)", error)
        return None
    return otlp_tracing(endpoint)
