"""serve: from settings to a running server; the one place that wires the parts together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from model.inference.loading import load_runtime
from model.runtime.base import Runtime
from service.keys.key_file import read_keys
from service.process.tuning import keep_memory_small, quick_imports
from service.recognizer import Recognizer
from service.settings import Settings


def serve(settings: Settings) -> int:
    """Blocks until the service ends; returns the exit status.

    Raises KeyFileError before anything is started.
    """
    if settings.api_keys_file is not None:
        read_keys(settings.api_keys_file)
    return _serve_alone(settings) if settings.workers == 1 else _serve_by_workers(settings)


def _serve_alone(settings: Settings) -> int:
    """Networks are compiled while modules are imported: either takes half of the start."""
    keep_memory_small()
    with ThreadPoolExecutor(1, thread_name_prefix="load") as pool:
        begun = [pool.submit(_load_runtime, settings)]
        with quick_imports():
            from service.process.server import run_alone
        return run_alone(
            settings, partial(_recognizer, settings, partial(_runtime, settings, begun))
        )


def _runtime(settings: Settings, begun: list[Future[Runtime]]) -> Runtime:
    """What loads already, the first time. It is not kept: its memory would outlive its use."""
    return begun.pop().result() if begun else _load_runtime(settings)


def _serve_by_workers(settings: Settings) -> int:
    from service.process.workers import run_workers

    return run_workers(settings, partial(load_recognizer, settings))


def load_recognizer(settings: Settings) -> Recognizer:
    """Runs in every worker, at its start and for every change of model."""
    keep_memory_small()
    return _recognizer(settings, partial(_load_runtime, settings))


def _load_runtime(settings: Settings) -> Runtime:
    return load_runtime(settings.model, threads=settings.threads, precision=settings.precision)


def _recognizer(settings: Settings, runtime: Callable[[], Runtime]) -> Recognizer:
    from model.inference.classifier import Classifier
    from model.inputs.ffmpeg.decode_limits import DecodeLimits

    limits = DecodeLimits(
        max_duration_seconds=settings.max_video_seconds,
        max_pixels=settings.max_frame_pixels,
        wall_seconds=settings.decode_timeout_seconds,
    )
    return Classifier(runtime(), limits=limits)
