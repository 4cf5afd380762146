"""serve: from settings to a running server; the one place that wires the parts together."""

from __future__ import annotations

from functools import partial

from model.inputs.limits import DecodeLimits
from model.loading import load_classifier
from service.memory import keep_memory_small
from service.recognizer import Recognizer
from service.server import run_alone
from service.settings import Settings
from service.workers import run_workers


def serve(settings: Settings) -> int:
    """Blocks until the service ends; returns the exit status."""
    run = run_alone if settings.workers == 1 else run_workers
    return run(settings, partial(load_recognizer, settings))


def load_recognizer(settings: Settings) -> Recognizer:
    """Runs once in every process that answers."""
    keep_memory_small()
    limits = DecodeLimits(
        max_duration_seconds=settings.max_video_seconds,
        max_pixels=settings.max_frame_pixels,
        wall_seconds=settings.decode_timeout_seconds,
    )
    return load_classifier(settings.model, threads=settings.threads, limits=limits)
