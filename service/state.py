"""Service: the parts that one process shares between its requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi import Request
from prometheus_client import CollectorRegistry

from service.admission import Admission
from service.jobs.jobs import Jobs
from service.keys.key_ring import KeyRing
from service.lifecycle import Lifecycle
from service.observability.metrics import ServiceMetrics
from service.problems.errors import JobsUnavailableError, NotReadyError
from service.recognizer import Recognizer
from service.settings import Settings
from service.uploads.arrival import Pace
from service.uploads.spool import Spool


@dataclass(slots=True)
class Service:
    """`recognizer` is None until it is loaded and warm, `spool` outside of the app's lifespan,
    `keys` where anybody may ask."""

    settings: Settings
    scraped: CollectorRegistry
    metrics: ServiceMetrics
    admission: Admission
    lifecycle: Lifecycle
    executor: ThreadPoolExecutor
    recognizer: Recognizer | None = None
    spool: Spool | None = None
    jobs: Jobs | None = None
    keys: KeyRing | None = None

    def require_recognizer(self) -> Recognizer:
        if self.recognizer is None:
            raise NotReadyError("the model is being loaded; try again in a moment")
        return self.recognizer

    def require_jobs(self) -> Jobs:
        if self.jobs is None:
            detail = "the database and the directory for jobs are not open; the log says why not"
            raise JobsUnavailableError(detail)
        return self.jobs

    def require_spool(self) -> Spool:
        if self.spool is None:
            raise NotReadyError("the application was not started")
        return self.spool


def create_service(
    settings: Settings, registry: CollectorRegistry, scraped: CollectorRegistry
) -> Service:
    metrics = ServiceMetrics(registry)
    keys = None
    if settings.api_keys_file is not None:
        keys = KeyRing(settings.api_keys_file, workers=settings.workers)
        metrics.name_keys(keys.names)
    return Service(
        settings=settings,
        scraped=scraped,
        metrics=metrics,
        admission=Admission(
            metrics,
            max_concurrency=settings.max_concurrency,
            max_queue=settings.max_queue,
            max_queue_seconds=settings.max_queue_seconds,
            max_uploads=settings.max_uploads,
            pace=Pace(settings.min_upload_bytes_per_second, settings.upload_grace_seconds),
        ),
        lifecycle=Lifecycle(),
        executor=ThreadPoolExecutor(settings.max_concurrency, thread_name_prefix="classify"),
        keys=keys,
    )


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
