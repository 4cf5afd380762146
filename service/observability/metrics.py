"""ServiceMetrics: every series the service exports, with zeros from the first scrape on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import product
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
)

from model.inference.classification import Classification, Decision
from model.spec.model_spec import MODALITIES
from service.observability.metric_labels import (
    CLASSIFYING_ROUTES,
    COMPONENTS,
    DECODE_FAILURES,
    DEGRADED_LEVELS,
    JOB_ENDS,
    REJECTIONS,
    STAGES,
    STATUSES_BY_ROUTE,
)
from service.observability.process_metrics import DecoderCollector, ProcessesCollector
from service.observability.record import RequestRecord

# fmt: off
SECONDS_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0,
)
# fmt: on


def create_registry() -> CollectorRegistry:
    """A registry of its own, with the process's memory, CPU and garbage collection."""
    registry = CollectorRegistry()
    ProcessesCollector(lambda: [os.getpid()], registry)
    DecoderCollector(lambda: [os.getpid()], registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class ServiceMetrics:
    """Gauges name their mode of merging, for several workers behind one scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._make_request_series()
        self._make_queue_series()
        self._make_compute_series()
        self._make_children()
        self.model_info = Gauge(
            "adamml_model_info",
            "1 for the model that answers, 0 for one that did before.",
            ["name", "version"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.decoder_sandboxed = self._shared_gauge(
            "adamml_decoder_sandboxed",
            "1 where the kernel keeps decoders in all of its sandbox, else 0.",
        )
        self.decoder_info = Gauge(
            "adamml_decoder_info",
            "The ffmpeg that decodes; the value is always 1.",
            ["version"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def _make_request_series(self) -> None:
        self.requests = self._counter(
            "adamml_requests_total",
            "Requests by route and status; 499: the client left before its answer.",
            ["route", "status"],
        )
        self.request_duration = self._histogram(
            "adamml_request_duration_seconds",
            "From the head of a classify request to the end of its answer, whatever that was.",
        )
        self.requests_in_progress = self._gauge(
            "adamml_requests_in_progress", "Classify requests being uploaded, queued or computed."
        )
        self.requests_rejected = self._counter(
            "adamml_requests_rejected_total",
            "Classify requests refused for a reason other than the video's content.",
            ["reason"],
        )
        self.decode_failures = self._counter(
            "adamml_decode_failures_total", "Videos refused for what they contain.", ["code"]
        )

        self.key_requests = self._counter(
            "adamml_key_requests_total", "Requests with a key, refused ones as well.", ["key"]
        )
        self.key_rate_limited = self._counter(
            "adamml_key_rate_limited_total", "Requests beyond what their key may take.", ["key"]
        )
        self.key_flops = self._counter(
            "adamml_key_flops_total", "Multiply-adds spent on a key's answers.", ["key"]
        )

    def _make_queue_series(self) -> None:
        self.queue_depth = self._gauge(
            "adamml_queue_depth", "Uploaded videos that wait for a place to be computed."
        )
        self.queue_capacity = self._gauge(
            "adamml_queue_capacity", "Uploaded videos that may wait before others are refused."
        )
        self.queue_wait = self._histogram(
            "adamml_queue_wait_seconds", "Time in the queue, of those who left it unserved as well."
        )
        self.degraded_requests = self._counter(
            "adamml_degraded_requests_total",
            "Requests that got less compute than usual, as others waited.",
            ["level"],
        )
        self.stage_duration = self._histogram(
            "adamml_stage_duration_seconds",
            "Time by stage; total is the whole classification, upload comes before it.",
            ["stage"],
        )

    def _make_compute_series(self) -> None:
        self.segments = self._counter("adamml_segments_total", "Segments of answered videos.")
        self.modality_decisions = self._counter(
            "adamml_modality_decisions_total",
            "Decisions, one per modality of each segment of answered videos.",
            ["modality", "decision"],
        )
        self.flops_executed = self._counter(
            "adamml_flops_executed_total", "Multiply-adds spent on answers.", ["component"]
        )
        self.flops_dense = self._counter(
            "adamml_flops_dense_total",
            "Multiply-adds that every available modality of every segment would have taken.",
        )
        self.flow_pairs_computed = self._counter(
            "adamml_flow_pairs_computed_total", "Frame pairs whose optical flow was computed."
        )
        self.flow_pairs_avoided = self._counter(
            "adamml_flow_pairs_avoided_total", "Frame pairs whose optical flow was not needed."
        )
        self.jobs = self._counter(
            "adamml_jobs_total", "Jobs that ended, by how they did.", ["state"]
        )
        self.jobs_running = self._gauge("adamml_jobs_running", "Jobs that are being classified.")
        self.jobs_queued = self._shared_gauge("adamml_jobs_queued", "Jobs that wait, everywhere.")
        self.jobs_oldest_queued_seconds = self._shared_gauge(
            "adamml_jobs_oldest_queued_seconds", "How long the first of them has waited."
        )
        self.video_seconds = self._counter(
            "adamml_video_seconds_total", "Duration of the answered videos."
        )

    def _make_children(self) -> None:
        for route, statuses in STATUSES_BY_ROUTE.items():
            for status in statuses:
                self.requests.labels(route, str(status))
        for modality, decision in product(MODALITIES, get_args(Decision)):
            self.modality_decisions.labels(modality, decision)
        for series, values in (
            (self.stage_duration, STAGES),
            (self.flops_executed, COMPONENTS),
            (self.requests_rejected, REJECTIONS),
            (self.decode_failures, DECODE_FAILURES),
            (self.jobs, JOB_ENDS),
            (self.degraded_requests, DEGRADED_LEVELS),
        ):
            for value in values:
                series.labels(value)

    def observe(self, record: RequestRecord) -> None:
        """Count one request that ended, in whichever way; called exactly once for each."""
        route = record.route if record.route in STATUSES_BY_ROUTE else "unknown"
        self.requests.labels(route, str(record.status)).inc()
        if record.key is not None:
            self._observe_key(record, record.key)
        if route in CLASSIFYING_ROUTES:
            self._observe_classify(record)

    def _observe_key(self, record: RequestRecord, key: str) -> None:
        self.key_requests.labels(key).inc()
        self.key_rate_limited.labels(key).inc(record.code == "rate_limited")
        self.key_flops.labels(key).inc(record.macs)

    def name_keys(self, names: Iterable[str]) -> None:
        """Zeros from the first scrape on."""
        for name in names:
            for series in (self.key_requests, self.key_rate_limited, self.key_flops):
                series.labels(name)

    def _observe_classify(self, record: RequestRecord) -> None:
        # Told only to those who ask for OpenMetrics, and not by several workers.
        exemplar = record.trace.exemplar if record.trace else None
        self.request_duration.observe(record.elapsed_seconds(), exemplar)
        if record.code in REJECTIONS:
            self.requests_rejected.labels(record.code).inc()
        elif record.code in DECODE_FAILURES:
            self.decode_failures.labels(record.code).inc()
        if record.degraded_level:
            self.degraded_requests.labels(str(record.degraded_level)).inc()
        for stage in STAGES:
            if stage in record.seconds_by_stage:
                self.stage_duration.labels(stage).observe(record.seconds_by_stage[stage])
        for answer in record.classifications:
            self.observe_answer(answer)

    def observe_answer(self, answer: Classification) -> None:
        """What an answer took and left out."""
        self.video_seconds.inc(answer.video.duration_seconds)
        self.segments.inc(len(answer.segments))
        for segment in answer.segments:
            for modality, outcome in segment.modalities.items():
                self.modality_decisions.labels(modality, outcome.decision).inc()
        for component, macs in answer.compute.macs_by_component.items():
            self.flops_executed.labels(component).inc(macs)
        self.flops_dense.inc(answer.compute.macs_dense)
        self.flow_pairs_computed.inc(answer.compute.flow_pairs_computed)
        self.flow_pairs_avoided.inc(answer.compute.flow_pairs_avoided)

    def _counter(self, name: str, text: str, labels: list[str] | None = None) -> Counter:
        return Counter(name, text, labels or [], registry=self._registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")

    def _shared_gauge(self, name: str, text: str) -> Gauge:
        """Of what all processes see alike."""
        return Gauge(name, text, registry=self._registry, multiprocess_mode="livemax")

    def _histogram(self, name: str, text: str, labels: list[str] | None = None) -> Histogram:
        return Histogram(name, text, labels or [], registry=self._registry, buckets=SECONDS_BUCKETS)
