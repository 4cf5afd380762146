"""Traces: stages are children of one server span, whose parent is the client's."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fake_recognizer import FLOW_MACS, POLICY_MACS, RGB_MACS, wait_until
from server_process import ServerProcess

from model.common.errors import UndecodableVideoError
from service.app import create_app
from service.observability.tracing import create_tracing
from service.settings import read_settings

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from service.observability.otel import OtelTracing

VIDEO = {"content-type": "video/mp4"}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACED = {**VIDEO, "traceparent": f"00-{TRACE}-{PARENT}-01"}
SERVE_FAKE = Path(__file__).parents[1] / "serve_fake.py"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def make_app(make_settings, recognizer, registry, exporter):
    def make(**overrides):
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return create_app(
            make_settings(**overrides),
            lambda: recognizer,
            registry=registry,
            tracing=OtelTracing(provider),
        )

    return make


def request_and_stages(exporter):
    """The span of the one request, and its children by name."""
    spans = exporter.get_finished_spans()
    (request,) = [span for span in spans if span.kind is SpanKind.SERVER]
    return request, {span.name: span for span in spans if span is not request}


def test_stages_are_children_of_one_server_span_with_the_clients_parent(client, exporter):
    answer = client.post("/classify?segments=4", content=b"video", headers=TRACED)

    request, stages = request_and_stages(exporter)
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == PARENT
    assert list(stages) == ["upload", "queue", "decode", "policy", "flow", "recognition"]
    for span in stages.values():
        assert span.parent.span_id == request.context.span_id
        assert span.context.trace_id == request.context.trace_id
    assert stages["decode"].end_time - stages["decode"].start_time == 250_000_000
    assert stages["policy"].start_time == stages["decode"].end_time
    span_id = f"{request.context.span_id:016x}"
    assert answer.headers["traceparent"] == f"00-{TRACE}-{span_id}-01"


def test_decisions_and_gflops_are_attributes(client, exporter):
    client.post("/classify?segments=4", content=b"video", headers={**TRACED, "x-request-id": "me"})

    request, stages = request_and_stages(exporter)
    told = dict(request.attributes)
    assert (request.name, request.status.status_code) == ("POST /classify", StatusCode.UNSET)
    assert told["http.response.status_code"] == 200
    assert (told["adamml.request_id"], told["adamml.model.version"]) == ("me", "0123456789ab")
    spent = 4 * (POLICY_MACS + RGB_MACS) + 2 * FLOW_MACS
    assert told["adamml.gflops"] == pytest.approx(spent / 1e9)
    assert told["adamml.gflops_dense"] > told["adamml.gflops"]
    assert told["adamml.decisions.flow.selected"] == told["adamml.decisions.flow.skipped"] == 2
    assert stages["policy"].attributes["adamml.gflops"] == pytest.approx(4 * POLICY_MACS / 1e9)
    assert stages["policy"].attributes["adamml.decisions.audio.unavailable"] == 4
    assert stages["flow"].attributes["adamml.flow_pairs_computed"] == 80
    recognition = stages["recognition"].attributes
    assert recognition["adamml.gflops.flow"] == pytest.approx(2 * FLOW_MACS / 1e9)
    assert stages["upload"].attributes["adamml.bytes"] == 5


def test_a_refusal_has_its_code_and_a_bug_is_an_error(client, exporter, recognizer):
    recognizer.error = UndecodableVideoError("no frame")
    client.post("/classify", content=b"video", headers=VIDEO)
    recognizer.error = RuntimeError("bug")
    client.post("/classify", content=b"video", headers=VIDEO)

    spans = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.SERVER]
    refused, failed = spans
    assert refused.parent is None
    assert refused.attributes["error.type"] == "undecodable_video"
    assert refused.status.status_code is StatusCode.UNSET
    assert (failed.attributes["error.type"], failed.status.status_code) == (
        "internal_error",
        StatusCode.ERROR,
    )


def test_probes_and_traces_that_the_client_does_not_keep_are_left_out(client, exporter):
    client.get("/livez")
    client.get("/v2/health/ready")
    unsampled = f"00-{TRACE}-{PARENT}-00"
    answer = client.post("/classify", content=b"v", headers={**VIDEO, "traceparent": unsampled})

    assert exporter.get_finished_spans() == ()
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert answer.headers["traceparent"].endswith("-00")


def test_what_is_no_traceparent_begins_a_trace(client, exporter):
    client.post("/classify", content=b"v", headers={**VIDEO, "traceparent": "00-nonsense"})

    assert request_and_stages(exporter)[0].parent is None


def test_the_histogram_has_exemplars_in_openmetrics(client, make_settings):
    client.post("/classify", content=b"video", headers=TRACED)

    accepted = {"accept": "application/openmetrics-text; version=1.0.0"}
    text = client.get("/metrics", headers=accepted).text
    lines = [line for line in text.splitlines() if f'trace_id="{TRACE}"' in line]
    assert lines
    assert all(line.startswith("adamml_request_duration_seconds_bucket{") for line in lines)
    assert TRACE not in client.get("/metrics").text


def test_the_log_line_names_the_trace(client, caplog):
    with caplog.at_level("INFO"):
        client.post("/classify", content=b"video", headers=TRACED)

    (line,) = [r for r in caplog.records if r.name == "service.observability.access_log"]
    assert line.fields["trace_id"] == TRACE


def test_the_endpoint_is_ours_or_the_sdks(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://platform:4318")
    assert read_settings().otlp_endpoint == "http://platform:4318"
    monkeypatch.setenv("ADAMML_OTLP_ENDPOINT", "http://ours:4318")
    assert read_settings().otlp_endpoint == "http://ours:4318"


@pytest.fixture
def collector():
    """Takes OTLP over HTTP, as a collector does."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, content))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_sends_its_spans_before_it_ends(tmp_path, collector, monkeypatch, workers):
    endpoint, received = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    command = [sys.executable, SERVE_FAKE]
    server = ServerProcess(command, tmp_path, otlp_endpoint=endpoint, workers=workers)
    try:
        server.wait_until_ready()
        server.client.post("/classify", content=b"video", headers=TRACED)
        server.terminate()
        assert server.wait() == 0
    finally:
        server.kill()

    wait_until(lambda: received)
    ((path, content),) = received
    (resource,) = ExportTraceServiceRequest.FromString(content).resource_spans
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    spans = [span for scope in resource.scope_spans for span in scope.spans]
    assert (path, names["service.name"]) == ("/v1/traces", "adamml")
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert {span.name for span in spans} >= {"POST /classify", "decode", "recognition"}


def test_a_collector_that_is_gone_holds_up_nothing(tmp_path):
    server = ServerProcess(
        [sys.executable, SERVE_FAKE], tmp_path, otlp_endpoint="http://127.0.0.1:9"
    )
    try:
        server.wait_until_ready()
        assert server.client.post("/classify", content=b"v", headers=VIDEO).status_code == 200
        server.terminate()
        assert server.wait(8) == 0
    finally:
        server.kill()


def test_without_an_endpoint_nothing_is_imported():
    """FastAPI imports the API, which does nothing by itself; not the SDK, nor the exporter."""
    program = (
        "import sys; from service.process.server import run_alone, create_tracing;"
        "assert create_tracing(None) is None;"
        "sys.exit('opentelemetry.sdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_the_extra_there_are_no_traces(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "service.observability.otel", None)

    assert create_tracing("http://collector:4318") is None
    assert "adamml[otel]" in caplog.text
