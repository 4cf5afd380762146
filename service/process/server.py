"""DrainingServer: uvicorn that keeps listening while it drains, and stops when loading failed."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

from service.app import create_app
from service.model_loader import ModelLoader
from service.observability.logs import configure_logging
from service.observability.tracing import create_tracing
from service.process.connections import ImpatientProtocol, allow_many_connections
from service.process.tuning import give_memory_back
from service.recognizer import Recognizer, RecognizerLoader
from service.settings import Settings
from service.state import Service

logger = logging.getLogger(__name__)

# After the drain: for the last bytes of the last answers.
_CLOSE_SECONDS = 1
_KEEP_ALIVE_SECONDS = 15
_EXIT_OK, _EXIT_FAILED = 0, 1


class DrainingServer(uvicorn.Server):
    """uvicorn alone closes its socket first; a probe would see that, not `shutting_down`."""

    def __init__(self, config: uvicorn.Config, service: Service, loader: ModelLoader) -> None:
        super().__init__(config)
        self._service = service
        self._loader = loader
        # The event loop keeps no reference of its own.
        self._changes: set[asyncio.Task[tuple[str, Recognizer]]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Before the model is loaded: a change that is asked for meanwhile waits for that.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._change_model)
        await super().startup(sockets)

    def _change_model(self) -> None:
        change = asyncio.create_task(self._loader.reload())
        self._changes.add(change)
        change.add_done_callback(self._changed)

    def _changed(self, change: asyncio.Task[tuple[str, Recognizer]]) -> None:
        self._changes.discard(change)
        if not change.cancelled() and (error := change.exception()) is not None:
            logger.warning("SIGHUP changed nothing: %s", error)

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


def run_alone(settings: Settings, load: RecognizerLoader) -> int:
    """One process; returns the exit status."""
    prepare_process(settings)
    tracing = create_tracing(settings.otlp_endpoint)
    app = create_app(settings, load, give_memory_back=give_memory_back, tracing=tracing)
    serve_metrics(settings, app.state.service.scraped)
    return run_server(app)


def serve_metrics(settings: Settings, registry: CollectorRegistry) -> None:
    """On a port of its own, by a thread, where the settings name one. Raises OSError."""
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr=settings.host, registry=registry)


def prepare_process(settings: Settings) -> None:
    """What belongs to a process as a whole, and so to nothing but its entry point."""
    configure_logging(settings.log_level, settings.log_format)
    # By default it ends a process; too early to have a model changed it does nothing. Processes
    # that this one starts begin like that.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A timestamp beside each counter doubles the series and feeds no query.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    allow_many_connections()


def run_server(app: FastAPI, listener: socket.socket | None = None) -> int:
    """Serve until a signal or a failure to load; returns the exit status."""
    service: Service = app.state.service
    # uvicorn raises the signal again when it is done; a drained service ends well.
    signal.signal(signal.SIGTERM, _ignore)
    signal.signal(signal.SIGINT, _ignore)
    server = DrainingServer(_config(app, service.settings), service, app.state.model_loader)
    server.run(sockets=None if listener is None else [listener])
    return _EXIT_OK if service.lifecycle.failure is None else _EXIT_FAILED


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
    )


def _ignore(number: int, frame: FrameType | None) -> None:
    return
