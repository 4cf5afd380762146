"""Metrics: present from the first scrape, exact on every path, closed to what clients send."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from model.common.errors import BudgetTooSmallError, UndecodableVideoError
from service.observability.metrics import SECONDS_BUCKETS, ServiceMetrics

VIDEO = {"content-type": "video/mp4"}
CONTRACT = {
    "adamml_requests_total": {"route", "status"},
    "adamml_request_duration_seconds": set(),
    "adamml_requests_in_progress": set(),
    "adamml_queue_depth": set(),
    "adamml_degraded_requests_total": {"level"},
    "adamml_queue_capacity": set(),
    "adamml_queue_wait_seconds": set(),
    "adamml_requests_rejected_total": {"reason"},
    "adamml_stage_duration_seconds": {"stage"},
    "adamml_segments_total": set(),
    "adamml_modality_decisions_total": {"modality", "decision"},
    "adamml_flops_executed_total": {"component"},
    "adamml_flops_dense_total": set(),
    "adamml_flow_pairs_computed_total": set(),
    "adamml_flow_pairs_avoided_total": set(),
    "adamml_video_seconds_total": set(),
    "adamml_decode_failures_total": {"code"},
}


def families(registry):
    return [family for family in registry.collect() if family.name.startswith("adamml_")]


def series(registry):
    """{(name, labels): value} of everything but times of creation."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(registry)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_every_series_is_there_with_zeros_before_the_first_request():
    registry = CollectorRegistry()
    ServiceMetrics(registry)
    suffix = {"counter": "_total"}

    found = {
        family.name + suffix.get(family.type, ""): {
            label for sample in family.samples for label in sample.labels if label != "le"
        }
        for family in families(registry)
    }

    info = {key: set() for key in ("adamml_model_info", "adamml_decoder_info")}
    info["adamml_decoder_sandboxed"] = set()
    keys = {f"adamml_key_{name}_total": set() for name in ("requests", "rate_limited", "flops")}
    gauges = ("running", "queued", "oldest_queued_seconds")
    jobs: dict[str, set[str]] = {f"adamml_jobs_{name}": set() for name in gauges}
    assert found == {**CONTRACT, **info, **keys, **jobs, "adamml_jobs_total": {"state"}}
    assert set(series(registry).values()) == {0.0}


def test_every_family_explains_itself():
    registry = CollectorRegistry()
    ServiceMetrics(registry)

    assert all(family.documentation.endswith(".") for family in families(registry))


def test_buckets_reach_the_longest_deadline():
    assert SECONDS_BUCKETS[-1] == 300


def test_the_queue_tells_its_capacity(make_client, sample):
    with make_client(max_queue=7):
        assert sample("adamml_queue_capacity") == 7


def test_counters_equal_the_answers_compute(client, sample):
    answers = [
        client.post(f"/classify?segments={n}", content=b"v", headers=VIDEO).json()
        for n in (1, 4, 7)
    ]
    computes = [answer["compute"] for answer in answers]

    for component in ("policy", "rgb", "flow", "audio"):
        spent = sum(round(compute["gflops_by_component"][component] * 1e9) for compute in computes)
        assert sample("adamml_flops_executed_total", component=component) == spent
    dense = sum(round(compute["gflops_dense"] * 1e9) for compute in computes)
    assert sample("adamml_flops_dense_total") == dense
    pairs = sum(compute["flow_pairs_computed"] for compute in computes)
    assert sample("adamml_flow_pairs_computed_total") == pairs
    avoided = sum(compute["flow_pairs_avoided"] for compute in computes)
    assert sample("adamml_flow_pairs_avoided_total") == avoided
    assert sample("adamml_segments_total") == 12
    assert sample("adamml_video_seconds_total") == 30.0
    decided = {"rgb": "selected", "audio": "unavailable"}
    for modality, decision in decided.items():
        labels = {"modality": modality, "decision": decision}
        assert sample("adamml_modality_decisions_total", **labels) == 12
    assert sample("adamml_modality_decisions_total", modality="flow", decision="selected") == 7
    assert sample("adamml_modality_decisions_total", modality="flow", decision="skipped") == 5


def test_stages_are_observed_once_each(client, sample):
    client.post("/classify", content=b"v", headers=VIDEO)

    for stage in ("upload", "decode", "policy", "flow", "recognition", "total"):
        assert sample("adamml_stage_duration_seconds_count", stage=stage) == 1
    assert sample("adamml_stage_duration_seconds_sum", stage="decode") == 0.25


def test_exact_over_many_concurrent_mixed_requests(make_client, recognizer, registry, sample):
    """Successes, bad videos, refusals and bugs at once; every one is counted exactly once."""
    outcomes = {
        b"good": (200, None),
        b"broken": (422, UndecodableVideoError("no frame")),
        b"budget": (422, BudgetTooSmallError("too small")),
        b"bug": (500, RuntimeError("bug")),
    }

    def fail_by_content(path):
        error = outcomes[path.read_bytes()][1]
        if error is not None:
            raise type(error)(*error.args)

    recognizer.inspect = fail_by_content
    kinds = [*outcomes, b"type", b"empty"]
    drawn = random.Random(7).choices(kinds, k=400)

    with make_client(max_concurrency=3, max_queue=1000, max_uploads=1000) as client:

        def post(kind):
            if kind == b"type":
                return client.post("/classify", content=b"x", headers={"content-type": "text/css"})
            body = b"" if kind == b"empty" else kind
            return client.post("/classify?segments=3", content=body, headers=VIDEO)

        with ThreadPoolExecutor(16) as pool:
            responses = list(pool.map(post, drawn))

    counts = {kind: drawn.count(kind) for kind in kinds}
    answers = [response.json() for response in responses if response.status_code == 200]
    assert len(answers) == counts[b"good"]
    assert len({response.headers["x-request-id"] for response in responses}) == len(drawn)

    def requests(status):
        return sample("adamml_requests_total", route="/classify", status=str(status))

    assert requests(200) == counts[b"good"]
    assert requests(422) == counts[b"broken"] + counts[b"budget"] + counts[b"empty"]
    assert (requests(415), requests(500)) == (counts[b"type"], counts[b"bug"])
    assert sample("adamml_request_duration_seconds_count") == len(drawn)
    assert sample("adamml_decode_failures_total", code="undecodable_video") == counts[b"broken"]
    for reason, kind in (("budget_too_small", b"budget"), ("empty_upload", b"empty")):
        assert sample("adamml_requests_rejected_total", reason=reason) == counts[kind]
    spent = sum(round(answer["compute"]["gflops_by_component"]["flow"] * 1e9) for answer in answers)
    assert sample("adamml_flops_executed_total", component="flow") == spent
    assert sample("adamml_segments_total") == 3 * len(answers)
    assert sample("adamml_requests_in_progress") == 0
    assert sample("adamml_queue_depth") == 0


def test_clients_cannot_create_series(client, registry):
    before = set(series(registry))

    for path in ("/a", "/b", "/classify/1", "/%00", "/metrics/"):
        client.get(path)
    client.post("/classify?policy=x", content=b"v", headers={"content-type": "x/y"})
    for method in ("GET", "PUT", "BREW"):
        client.request(method, "/classify")

    assert set(series(registry)) == before
    unknown = {"route": "unknown", "status": "404"}
    assert registry.get_sample_value("adamml_requests_total", unknown) == 5


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain"),
        ("text/html,*/*", "text/plain"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text"),
    ],
)
def test_both_formats_are_served(client, accept, content_type):
    response = client.get("/metrics", headers={"accept": accept})

    assert response.headers["content-type"].startswith(content_type)
    assert response.text.endswith("# EOF\n") == ("openmetrics" in content_type)


def test_a_scrape_parses_and_holds_no_request_of_its_own(client):
    client.get("/metrics")
    text = client.get("/metrics").text

    parsed = {family.name for family in text_string_to_metric_families(text)}
    assert "adamml_requests" in parsed
    assert "adamml_requests_in_progress 0.0" in text
    assert 'adamml_requests_total{route="/metrics",status="200"} 1.0' in text
