"""Lifecycle: whether requests may come in, who is inside, and how the last ones leave."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from model.common.deadline import Deadline
from model.common.errors import DeadlineExceededError
from service.problems.errors import NotReadyError, ShuttingDownError

logger = logging.getLogger(__name__)

# After the grace: for the last answers to be written and the last threads to notice.
_CANCEL_SECONDS = 2.0


class Phase(Enum):
    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"  # not ready any more, but still answering until balancers have noticed
    CLOSED = "closed"  # finishing what runs, refusing what comes


class Lifecycle:
    """Belongs to one event loop. `failure` is why the model could not be loaded."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self.failure: BaseException | None = None
        # Requests, by their timeouts, and work that may outlive them.
        self._inside: set[asyncio.Timeout | asyncio.Task[Any]] = set()
        self._grace_is_over = False
        self._idle = asyncio.Event()
        self._idle.set()

    def ready(self) -> None:
        if self.phase is Phase.STARTING:
            self.phase = Phase.READY

    def fail(self, failure: BaseException) -> None:
        self.failure = failure

    def require_ready(self) -> None:
        """For the readiness probe: raises as soon as this replica should get no more requests."""
        self.require_open()
        if self.phase is Phase.LEAVING:
            raise ShuttingDownError("the service is about to shut down")

    def require_open(self) -> None:
        """Raises NotReadyError or ShuttingDownError when a new request cannot be served."""
        if self.failure is not None:
            raise NotReadyError("the model could not be loaded")
        if self.phase is Phase.STARTING:
            raise NotReadyError("the model is being loaded; try again in a moment")
        if self.phase is Phase.CLOSED:
            raise ShuttingDownError("the service is shutting down and takes no new requests")

    @asynccontextmanager
    async def request(self, deadline: Deadline) -> AsyncIterator[None]:
        """A request from its head to its answer; raises when its time, or the service's, is up."""
        self.require_open()
        try:
            async with asyncio.timeout(deadline.remaining()) as timeout:
                self._enter(timeout)
                try:
                    yield
                finally:
                    self._leave(timeout)
        except TimeoutError:
            if not timeout.expired():
                raise
            if self._grace_is_over:
                raise ShuttingDownError("the service shut down before the answer") from None
            detail = f"the request took longer than {deadline.seconds:g} s"
            raise DeadlineExceededError(detail) from None

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Work that may outlive its request, because a thread cannot be interrupted."""
        self._enter(task)
        task.add_done_callback(self._leave)

    def _enter(self, one: asyncio.Timeout | asyncio.Task[Any]) -> None:
        self._inside.add(one)
        self._idle.clear()

    def _leave(self, one: asyncio.Timeout | asyncio.Task[Any]) -> None:
        self._inside.discard(one)
        if not self._inside:
            self._idle.set()

    async def drain(self, *, delay_seconds: float, grace_seconds: float) -> None:
        """Stop being ready, stop accepting, let running requests finish, then cancel the rest."""
        if self.phase is not Phase.CLOSED:
            self.phase = Phase.LEAVING
            await asyncio.sleep(delay_seconds)
        self.phase = Phase.CLOSED
        logger.info("draining: %d inside", len(self._inside))
        if not await self._is_idle_within(grace_seconds):
            self.cancel_requests()
            await self._is_idle_within(_CANCEL_SECONDS)

    def cancel_requests(self) -> None:
        """Every request inside is answered `shutting_down` now."""
        self.phase = Phase.CLOSED
        self._grace_is_over = True
        now = asyncio.get_running_loop().time()
        timeouts = [one for one in self._inside if isinstance(one, asyncio.Timeout)]
        logger.warning("cancelling %d requests", len(timeouts))
        for timeout in timeouts:
            if not timeout.expired():
                timeout.reschedule(now)

    async def _is_idle_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        return self._idle.is_set()
