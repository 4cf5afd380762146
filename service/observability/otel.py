"""OtelTracing: request records as OpenTelemetry spans. Imported by those alone who want traces.

A stage's seconds are those that the request waited for it, in all, so its span has that length and
begins where the one before it ended: flow and recognition, which alternate, are one span each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.observability.access_log import is_quiet
from service.observability.record import RequestRecord, count_decisions

_TRACES_PATH = "/v1/traces"
_SHUTDOWN_SECONDS = 2.0
_PROPAGATOR = TraceContextTextMapPropagator()

Attributes = dict[str, str | int | float]


def otlp_tracing(endpoint: str) -> OtelTracing:
    """Sends spans to a collector, in batches; the SDK's own OTEL_* variables tell the rest."""
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + _TRACES_PATH)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return OtelTracing(provider)


def _resource() -> Resource:
    resource = Resource.create({SERVICE_VERSION: version("adamml")})
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return resource.merge(Resource({SERVICE_NAME: "adamml"}))
    return resource


class OtelTracing:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("adamml", version("adamml"))

    def begin(self, headers: Mapping[str, str]) -> OtelRequest:
        start_ns = time.time_ns()
        span = self._tracer.start_span(
            "request",
            context=_PROPAGATOR.extract(headers),
            kind=SpanKind.SERVER,
            start_time=start_ns,
        )
        return OtelRequest(self._tracer, span, start_ns)

    def shutdown(self) -> None:
        # A collector that does not answer must not hold up the end of the process.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_SHUTDOWN_SECONDS)


class OtelRequest:
    """A span that is never ended is never sent: that is how probes are left out."""

    def __init__(self, tracer: Tracer, span: Span, start_ns: int) -> None:
        self._tracer = tracer
        self._span = span
        self._start_ns = start_ns

    @property
    def headers(self) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(self._span))
        return carrier

    @property
    def exemplar(self) -> dict[str, str] | None:
        context = self._span.get_span_context()
        if not context.trace_flags.sampled:
            return None
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def end(self, record: RequestRecord) -> None:
        if is_quiet(record) or not self._span.is_recording():
            return
        self._span.update_name(f"{record.method} {record.route}")
        self._span.set_attributes(_request_attributes(record))
        if record.status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))
        self._add_stages(record)
        self._span.end(max(time.time_ns(), self._start_ns))

    def _add_stages(self, record: RequestRecord) -> None:
        context = set_span_in_context(self._span)
        start_ns = self._start_ns
        for stage, seconds in list(record.seconds_by_stage.items()):
            # The sum of the others.
            if stage == "total":
                continue
            end_ns = start_ns + round(seconds * 1e9)
            span = self._tracer.start_span(
                stage,
                context=context,
                start_time=start_ns,
                attributes=dict(_stage_attributes(stage, record)),
            )
            span.end(end_ns)
            start_ns = end_ns


def _request_attributes(record: RequestRecord) -> Attributes:
    attributes: Attributes = {
        "http.request.method": record.method,
        "http.route": record.route,
        "http.response.status_code": record.status,
        "adamml.request_id": record.request_id,
    }
    if record.model_version is not None:
        attributes["adamml.model.version"] = record.model_version
    if record.code is not None:
        attributes["error.type"] = record.code
    if answers := record.classifications:
        attributes["adamml.videos"] = len(answers)
        attributes["adamml.gflops"] = sum(answer.compute.macs for answer in answers) / 1e9
        dense = sum(answer.compute.macs_dense for answer in answers)
        attributes["adamml.gflops_dense"] = dense / 1e9
        attributes |= _decisions(record)
    return attributes


def _decisions(record: RequestRecord) -> Iterator[tuple[str, int]]:
    """Such as adamml.decisions.rgb.selected: in how many segments."""
    for modality, counts in count_decisions(record.classifications).items():
        for decision, number in counts.items():
            yield f"adamml.decisions.{modality}.{decision}", number


def _stage_attributes(stage: str, record: RequestRecord) -> Iterator[tuple[str, str | int | float]]:
    computes = [answer.compute for answer in record.classifications]
    if stage == "upload" and record.bytes_received is not None:
        yield "adamml.bytes", record.bytes_received
    if not computes:
        return
    if stage == "policy":
        yield "adamml.gflops", sum(one.macs_by_component["policy"] for one in computes) / 1e9
        yield from _decisions(record)
    elif stage == "flow":
        yield "adamml.flow_pairs_computed", sum(one.flow_pairs_computed for one in computes)
        yield "adamml.flow_pairs_avoided", sum(one.flow_pairs_avoided for one in computes)
    elif stage == "recognition":
        for name in computes[0].macs_by_component.keys() - {"policy"}:
            macs = sum(one.macs_by_component[name] for one in computes)
            yield f"adamml.gflops.{name}", macs / 1e9
