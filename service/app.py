"""create_app: the application around one recognizer, from loading it to draining it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from starlette.types import Lifespan

from service.middleware.exception_handlers import add_exception_handlers
from service.middleware.lingering import LingeringClose
from service.middleware.observation import Observation
from service.observability.metrics import create_registry
from service.problems.problems import Problem
from service.recognizer import Recognizer, RecognizerLoader
from service.routes import classify, operations, page
from service.routes.protocol import routes as protocol
from service.settings import Settings
from service.state import Service, create_service
from service.threads import in_thread
from service.uploads.upload import Spool

logger = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    load: RecognizerLoader,
    *,
    registry: CollectorRegistry | None = None,
    scraped: CollectorRegistry | None = None,
    loads_first: bool = False,
) -> FastAPI:
    """`load` is called once, in a thread, when the application starts.

    `loads_first`: nothing is answered, not even `not_ready`, until that is done. Series are made
    in `registry`; /metrics tells `scraped`, where that is another one.
    """
    registry = registry or create_registry()
    service = create_service(settings, registry, scraped or registry)
    app = FastAPI(
        title="adamml",
        summary="Adaptive multi-modal video recognition",
        version=version("adamml"),
        lifespan=_lifespan(service, load, loads_first=loads_first),
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.service = service
    app.include_router(classify.router)
    app.include_router(operations.router)
    app.include_router(page.router)
    app.include_router(protocol.router)
    add_exception_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(Observation, metrics=service.metrics)
    app.add_middleware(LingeringClose)
    _describe_problems(app)
    return app


def _lifespan(service: Service, load: RecognizerLoader, *, loads_first: bool) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.spool = Spool(service.settings.temp_dir)
        loading = asyncio.create_task(_load(service, load))
        try:
            if loads_first:
                await loading
            yield
            await service.lifecycle.drain(
                delay_seconds=0, grace_seconds=service.settings.drain_grace_seconds
            )
        finally:
            loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loading
            service.executor.shutdown(wait=False, cancel_futures=True)
            service.spool.remove()

    return lifespan


async def _load(service: Service, load: RecognizerLoader) -> None:
    try:
        recognizer = await in_thread(service.executor, _load_and_warm_up, load)
    except Exception as error:
        logger.exception("the model could not be loaded")
        service.lifecycle.fail(error)
        return
    service.recognizer = recognizer
    name, file_version = recognizer.spec.name, recognizer.version
    service.metrics.model_info.labels(name, file_version).set(1)
    decoder = recognizer.decoder_version
    service.metrics.decoder_info.labels(decoder).set(1)
    service.lifecycle.ready()
    fields = {"model": name, "model_version": file_version, "decoder": decoder}
    logger.info("ready", extra={"fields": fields})


def _load_and_warm_up(load: RecognizerLoader) -> Recognizer:
    recognizer = load()
    recognizer.warm_up()
    return recognizer


def _describe_problems(app: FastAPI) -> None:
    """Routes refer to the problem's schema by name only, so it has to be added once."""

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes
            )
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas[Problem.__name__] = Problem.model_json_schema()
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
