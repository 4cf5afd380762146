"""serve: from settings to a running server; the one place that wires the parts together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from service.memory import keep_memory_small

if TYPE_CHECKING:
    from service.recognizer import Recognizer
    from service.settings import Settings


def serve(settings: Settings) -> int:
    """Blocks until the service ends; returns the exit status."""
    return _serve_alone(settings) if settings.workers == 1 else _serve_with_workers(settings)


def _serve_alone(settings: Settings) -> int:
    """The model is loaded while the web framework is imported: each takes half a second."""
    with ThreadPoolExecutor(1, thread_name_prefix="load") as pool:
        loading = pool.submit(load_recognizer, settings)
        from service.server import run_alone

        return run_alone(settings, loading.result)


def _serve_with_workers(settings: Settings) -> int:
    from service.workers import run_workers

    return run_workers(settings, partial(load_recognizer, settings))


def load_recognizer(settings: Settings) -> Recognizer:
    keep_memory_small()
    from model.inputs.limits import DecodeLimits
    from model.loading import load_classifier

    limits = DecodeLimits(
        max_duration_seconds=settings.max_video_seconds,
        max_pixels=settings.max_frame_pixels,
        wall_seconds=settings.decode_timeout_seconds,
    )
    return load_classifier(settings.model, threads=settings.threads, limits=limits)
