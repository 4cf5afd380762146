"""require_key: what routes depend on that are for those with a key alone, where keys are set."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Depends, Request

from service.keys.key_limits import KeyLimits
from service.observability.record import record_of
from service.state import Service, service_of
from service.threads import in_thread


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
    await _settle(service, limits)
    request.state.key_limits = limits
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


async def _settle(service: Service, limits: KeyLimits) -> None:
    """Count what the key's jobs have spent since, wherever they ran."""
    if service.jobs is None:
        return
    for job_id in limits.jobs_to_settle():
        job = await in_thread(None, service.jobs.store.get, job_id)
        limits.settle(
            job_id,
            0.0 if job is None else job.gflops,
            is_finished=job is None or job.is_finished,
        )


def owe_job(request: Request, job_id: str) -> None:
    """The request's key, if there is one, is to pay for the job."""
    limits: KeyLimits | None = getattr(request.state, "key_limits", None)
    if limits is not None:
        limits.owe(job_id)


KEYED = [Depends(require_key)]
KNOWN = [Depends(require_known_key)]
