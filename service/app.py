"""create_app: the application around one recognizer, from loading it to draining it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.types import Lifespan

from service.jobs.jobs import open_jobs
from service.middleware.exception_handlers import add_exception_handlers
from service.middleware.heads import HeadAsGet
from service.middleware.lingering import LingeringClose
from service.middleware.observation import Observation
from service.middleware.targets import OriginForm
from service.model_loader import ModelLoader
from service.observability.metrics import create_registry
from service.observability.tracing import Tracing
from service.problems.problems import Problem
from service.recognizer import RecognizerLoader
from service.routes import admin, classify, jobs, operations, page, samples
from service.routes.job_responses import JOB_FORMATS
from service.routes.openapi import SCHEMAS
from service.routes.protocol import routes as protocol
from service.routes.protocol.infer_request import InferRequest
from service.settings import Settings
from service.state import Service, create_service
from service.threads import in_thread
from service.trimming import trim_forever
from service.uploads.spool import Spool

logger = logging.getLogger(__name__)

_JOBS_RETRY_SECONDS = 60.0


def create_app(
    settings: Settings,
    load: RecognizerLoader,
    *,
    registry: CollectorRegistry | None = None,
    scraped: CollectorRegistry | None = None,
    loads_first: bool = False,
    give_memory_back: Callable[[], None] = lambda: None,
    tracing: Tracing | None = None,
) -> FastAPI:
    """`load` is called in a thread when the application starts, and for every change of model.

    `loads_first`: nothing is answered, not even `not_ready`, until that is done. Series are made
    in `registry`; /metrics tells `scraped`, where that is another one.
    """
    registry = registry or create_registry()
    service = create_service(settings, registry, scraped or registry)
    loader = ModelLoader(service, load, give_memory_back=give_memory_back)
    app = FastAPI(
        title="adamml",
        summary="Adaptive multi-modal video recognition",
        version=version("adamml"),
        lifespan=_lifespan(
            service, loader, tracing, loads_first=loads_first, give_memory_back=give_memory_back
        ),
        redirect_slashes=False,
        # Its own page of documents would ask a content network for scripts: ours is in routes.
        docs_url=None,
        redoc_url=None,
        # Its own route has no name that is logged and counted.
        openapi_url=None,
    )
    app.state.service = service
    app.state.model_loader = loader
    app.include_router(classify.router)
    app.include_router(jobs.router)
    app.include_router(operations.router)
    app.include_router(page.router)
    app.include_router(samples.router)
    app.include_router(protocol.router)
    app.include_router(admin.router)
    add_exception_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(HeadAsGet)
    app.add_middleware(Observation, metrics=service.metrics, tracing=tracing)
    app.add_middleware(LingeringClose)
    app.add_middleware(OriginForm)
    _describe_problems(app)
    return app


def _lifespan(
    service: Service,
    loader: ModelLoader,
    tracing: Tracing | None,
    *,
    loads_first: bool,
    give_memory_back: Callable[[], None],
) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.spool = Spool(
            service.settings.temp_dir, max_bytes=int(service.settings.upload_storage_bytes)
        )
        loading = asyncio.create_task(loader.start())
        opening = asyncio.create_task(_open_jobs(service, loading))
        trimming = asyncio.create_task(trim_forever(give_memory_back))
        try:
            if loads_first:
                await loading
            yield
            await service.lifecycle.drain(
                delay_seconds=0, grace_seconds=service.settings.drain_grace_seconds
            )
        finally:
            for task in (trimming, opening, loading):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            if service.jobs is not None:
                await in_thread(None, service.jobs.close)
            service.executor.shutdown(wait=False, cancel_futures=True)
            service.spool.remove()
            if service.keys is not None:
                service.keys.close()
            if tracing is not None:
                await in_thread(None, tracing.shutdown)

    return lifespan


async def _open_jobs(service: Service, loading: asyncio.Task[None]) -> None:
    """After the model, and awaited by nobody: requests can be answered without. The database may
    come up later."""
    await asyncio.wait({loading})
    while service.recognizer is not None and service.jobs is None:
        try:
            service.jobs = await in_thread(
                None,
                open_jobs,
                service.settings,
                service.metrics,
                service.require_recognizer,
                JOB_FORMATS,
                is_pressed=lambda: service.admission.is_pressed,
            )
        except Exception as error:
            # Of the directory, or of the database, whose own errors are not imported here.
            logger.warning("jobs cannot be taken yet: %s", error)
            await asyncio.sleep(_JOBS_RETRY_SECONDS)


def _describe_problems(app: FastAPI) -> None:
    """Routes refer to some schemas by name only, so they have to be added once."""

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes
            )
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(_schemas_by_name())
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schemas_by_name() -> dict[str, Any]:
    """Of the problem, of the protocol's request, and of what they are made of."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (Problem, "serialization"),
        (InferRequest, "validation"),
    ]
    _, found = models_json_schema(models, ref_template=f"{SCHEMAS}{{model}}")
    schemas: dict[str, Any] = found["$defs"]
    return schemas
