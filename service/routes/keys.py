"""require_key: what routes depend on that are for those with a key alone, where keys are set."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Depends, Request

from service.observability.record import record_of
from service.state import service_of


async def require_key(request: Request) -> AsyncIterator[None]:
    """Around a request up to the end of its answer; before a byte of its body is read.

    Raises UnauthorizedError and RateLimitedError.
    """
    service = service_of(request)
    if service.keys is None:
        yield
        return
    record = record_of(request)
    record.key, limits = await service.keys.require(request.headers.get("authorization", ""))
    limits.enter(busy_seconds=service.admission.service_seconds)
    try:
        yield
    finally:
        limits.leave(gflops=record.macs / 1e9)


async def require_known_key(request: Request) -> None:
    """The same of routes that cost nothing: whose key it is, and no limits."""
    service = service_of(request)
    if service.keys is not None:
        given = request.headers.get("authorization", "")
        record_of(request).key, _ = await service.keys.require(given)


KEYED = [Depends(require_key)]
KNOWN = [Depends(require_known_key)]
