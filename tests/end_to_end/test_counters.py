"""Counters against answers: equal to the last multiply-add, whatever else happens meanwhile.

ADAMML_MIXED_REQUESTS sets how many requests there are; the default is short.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from fake_recognizer import wait_until
from prometheus_client.parser import text_string_to_metric_families

from service.observability.metric_labels import DECODE_FAILURES, REJECTIONS
from tests.support.mixed_load import (
    MAX_UPLOAD_BYTES,
    bad_kinds,
    good_kinds,
    leaving_kinds,
    run,
)

NUM_REQUESTS = int(os.environ.get("ADAMML_MIXED_REQUESTS", "40"))
NUM_CLIENTS = 20
# Counted here by other means, or not by requests at all.
NOT_COMPARED = ("adamml_decoder_cpu_seconds_total",)
HISTOGRAMS = ("adamml_request_duration_seconds_count", "adamml_stage_duration_seconds_count")


@pytest.mark.parametrize("workers", [1, 2])
def test_counters_equal_the_answers(start, tiny_bundle, tmp_path, workers):
    limits = {"max_upload_bytes": MAX_UPLOAD_BYTES, "max_queue": 16, "threads": 1}
    server = start("--model", str(tiny_bundle), workers=workers, **limits)
    good = good_kinds(tmp_path)
    leaving = leaving_kinds(good)
    calm = run(server.url, [*good, *leaving], num_clients=1)
    kinds = [*good, *bad_kinds(tmp_path), *leaving]
    wild = run(server.url, kinds, NUM_REQUESTS, num_clients=NUM_CLIENTS, seed=workers)

    outcomes = [*calm, *wild]
    wait_until(lambda: num_ended(server) == len(outcomes), seconds=60)
    endings = Endings(server.log_lines(), calm)
    wanted = expected([endings.of(outcome) for outcome in outcomes])
    for _ in range(2 * workers):  # Each scrape may reach another worker.
        assert counted(server) == pytest.approx(wanted, rel=1e-12, abs=0)
    statuses = {dict(labels).get("status") for _, labels in wanted} - {None}
    assert statuses >= {"200", "413", "415", "422", "499"}
    assert gauges(server) == {"adamml_requests_in_progress": 0, "adamml_queue_depth": 0}
    assert [path for path in server.files() if path.suffix not in (".db", ".worker")] == []


class Endings:
    """How each request ended: as its client was told or, had it left, as the log says."""

    def __init__(self, log, calm):
        self._logged = {line["request_id"]: line for line in log if line["message"] == "request"}
        self._answers = {(o.kind.body, o.kind.query): o.content for o in calm if o.content}

    def of(self, outcome):
        """(status, code, answer): None where there is no such thing."""
        logged = self._logged[outcome.request_id]
        if outcome.status is not None:
            content = outcome.content
            assert (outcome.status, content.get("code")) == (logged["status"], logged.get("code"))
        elif logged["status"] == 200:  # It was faster than the news that its client had left.
            content = self._answers[outcome.kind.body, outcome.kind.query]
            assert content["compute"]["gflops"] == logged["gflops"]
        else:
            content = {}
        answer = content if logged["status"] == 200 else None
        return logged["status"], logged.get("code"), answer


def expected(endings):
    """{(name, labels): value} of every counter that is not 0."""
    series = Counter()

    def add(name, value=1, **labels):
        series[name, tuple(sorted(labels.items()))] += value

    for status, code, answer in endings:
        add("adamml_requests_total", route="/classify", status=str(status))
        add("adamml_request_duration_seconds_count")
        if code in DECODE_FAILURES:
            add("adamml_decode_failures_total", code=code)
        elif code in REJECTIONS:
            add("adamml_requests_rejected_total", reason=code)
        if answer is not None:
            add("adamml_stage_duration_seconds_count", stage="total")
            add_answer(add, answer)
    return {key: value for key, value in series.items() if value}


def add_answer(add, answer):
    compute = answer["compute"]
    for component, gflops in compute["gflops_by_component"].items():
        add("adamml_flops_executed_total", round(gflops * 1e9), component=component)
    add("adamml_flops_dense_total", round(compute["gflops_dense"] * 1e9))
    add("adamml_flow_pairs_computed_total", compute["flow_pairs_computed"])
    add("adamml_flow_pairs_avoided_total", compute["flow_pairs_avoided"])
    add("adamml_video_seconds_total", answer["video"]["duration_seconds"])
    add("adamml_segments_total", len(answer["segments"]))
    for segment in answer["segments"]:
        for modality, outcome in segment["modalities"].items():
            decision = outcome["decision"]
            add("adamml_modality_decisions_total", modality=modality, decision=decision)


def samples(server):
    text = server.client.get("/metrics").text
    families = text_string_to_metric_families(text)
    return [sample for family in families for sample in family.samples]


def counted(server):
    """{(name, labels): value} of what requests to classify have counted."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for sample in samples(server)
        if sample.value and is_compared(sample)
    }


def is_compared(sample):
    if sample.name in HISTOGRAMS:
        return sample.labels.get("stage", "total") == "total"
    ours = sample.name.startswith("adamml_") and sample.name.endswith("_total")
    of_classify = sample.labels.get("route", "/classify") == "/classify"
    return ours and of_classify and sample.name not in NOT_COMPARED


def num_ended(server):
    return counted(server).get(("adamml_request_duration_seconds_count", ()), 0)


def gauges(server):
    names = ("adamml_requests_in_progress", "adamml_queue_depth")
    return {sample.name: sample.value for sample in samples(server) if sample.name in names}
