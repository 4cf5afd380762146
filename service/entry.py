"""serve: from settings to a running server; the one place that wires the parts together."""

from __future__ import annotations

from prometheus_client import disable_created_metrics

from model.inputs.limits import DecodeLimits
from model.loading import load_classifier
from service.app import create_app
from service.logs import configure_logging
from service.recognizer import Recognizer
from service.server import run_server
from service.settings import Settings


def serve(settings: Settings) -> int:
    """Blocks until the server ends; returns the exit status."""
    configure_logging(settings.log_level, settings.log_format)
    # A timestamp beside each counter doubles the series and feeds no query.
    disable_created_metrics()  # type: ignore[no-untyped-call]

    def load() -> Recognizer:
        return load_classifier(
            settings.model, threads=settings.threads, limits=decode_limits(settings)
        )

    return run_server(create_app(settings, load))


def decode_limits(settings: Settings) -> DecodeLimits:
    """What one video may cost, as the operator has set it."""
    return DecodeLimits(
        max_duration_seconds=settings.max_video_seconds,
        max_pixels=settings.max_frame_pixels,
        wall_seconds=settings.decode_timeout_seconds,
    )
