"""WatchMetrics: the service's series of compute, and how far a live source is followed."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from model.inference.streaming.watching import Watched
from model.spec.model_spec import ModelSpec
from service.observability.metrics import ServiceMetrics


class WatchMetrics:
    """On a registry of its own."""

    def __init__(self, spec: ModelSpec) -> None:
        self._registry = CollectorRegistry()
        self._spec = spec
        self._service = ServiceMetrics(self._registry)
        self.reconnects = Counter(
            "adamml_watch_reconnects_total",
            "How often the source ended and was opened again.",
            registry=self._registry,
        )
        self._skipped = Counter(
            "adamml_watch_segments_skipped_total",
            "Segments left out to keep up.",
            registry=self._registry,
        )
        self._behind = Gauge(
            "adamml_watch_behind_seconds",
            "From a segment's last frame to its label.",
            registry=self._registry,
        )

    def serve(self, port: int) -> None:
        """Raises OSError where the port is taken."""
        start_http_server(port, registry=self._registry)

    def observe(self, watched: Watched) -> None:
        """Count one segment."""
        self._skipped.inc(watched.skipped)
        self._behind.set(watched.behind_seconds)
        choices = watched.recognized.choices
        self._service.segments.inc()
        if choices is None:
            return
        segment = watched.recognized.segment
        self._service.video_seconds.inc(segment.end_seconds - segment.start_seconds)
        for modality, outcome in watched.recognized.result.modalities.items():
            self._service.modality_decisions.labels(modality, outcome.decision).inc()
        costs = self._spec.require_costs()
        if choices.ran_policy:
            self._service.flops_executed.labels("policy").inc(costs.policy.total)
        for column, name in enumerate(self._spec.modality_names):
            macs = costs.recognition[name].total
            selected, available = choices.selected[0, column], choices.available[0, column]
            self._service.flops_executed.labels(name).inc(macs * int(selected))
            self._service.flops_dense.inc(macs * int(available))
