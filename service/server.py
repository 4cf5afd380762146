"""DrainingServer: uvicorn that keeps listening while it drains, and stops when loading failed."""

from __future__ import annotations

import asyncio
import signal
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.state import Service

# After the drain: for the last bytes of the last answers.
_CLOSE_SECONDS = 1
_MAX_HEAD_BYTES = 32 * 1024
_KEEP_ALIVE_SECONDS = 15
_EXIT_OK, _EXIT_FAILED = 0, 1


class DrainingServer(uvicorn.Server):
    """uvicorn alone closes its socket first; a probe would see that, not `shutting_down`."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._service.lifecycle.failure is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        settings = self._service.settings
        drain = asyncio.create_task(
            self._service.lifecycle.drain(
                delay_seconds=settings.drain_delay_seconds,
                grace_seconds=settings.drain_grace_seconds,
            )
        )
        while not drain.done() and not self.force_exit:
            await asyncio.wait({drain}, timeout=0.1)
        if not drain.done():
            drain.cancel()
            self._service.lifecycle.cancel_requests()
        await super().shutdown(sockets)


def run_server(app: FastAPI) -> int:
    """Serve until a signal or a failure to load; returns the exit status."""
    service: Service = app.state.service
    settings = service.settings
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
    )
    # uvicorn raises the signal again when it is done; a drained service ends well.
    signal.signal(signal.SIGTERM, _ignore)
    signal.signal(signal.SIGINT, _ignore)
    DrainingServer(config, service).run()
    return _EXIT_OK if service.lifecycle.failure is None else _EXIT_FAILED


def _ignore(number: int, frame: FrameType | None) -> None:
    return
