"""The query: what is not allowed is refused before the upload, in words that help."""

from __future__ import annotations

import pytest


def post(client, query):
    return client.post(f"/classify?{query}", content=b"v", headers={"content-type": "video/mp4"})


@pytest.mark.parametrize(
    ("query", "received", "allowed"),
    [
        ("policy=greedy", "policy is 'greedy'", "adaptive or all"),
        ("modalities=rgb,smell", "modalities is 'rgb,smell'", "rgb,flow,audio"),
        ("modalities=", "modalities is ''", "rgb,flow,audio"),
        ("max_gflops=0", "max_gflops is '0'", "above 0"),
        ("max_gflops=-1", "max_gflops is '-1'", "above 0"),
        ("max_gflops=nan", "max_gflops is 'nan'", "finite"),
        ("max_gflops=inf", "max_gflops is 'inf'", "finite"),
        ("max_gflops=1e999", "max_gflops is '1e999'", "finite"),
        ("budget=-0.1", "budget is '-0.1'", "0 to 1"),
        ("budget=1.1", "budget is '1.1'", "0 to 1"),
        ("budget=nan", "budget is 'nan'", "0 to 1"),
        ("budget=0.5", "budget is 0.5", "no measured curve"),
        ("segments=0", "segments is '0'", "1 to 64"),
        ("segments=65", "segments is '65'", "1 to 64"),
        ("segments=2.5", "segments is '2.5'", "1 to 64"),
        ("segments=", "segments is ''", "1 to 64"),
        ("top_k=0", "top_k is '0'", "1 to 100"),
        ("top_k=101", "top_k is '101'", "1 to 100"),
        ("threshold=-0.1", "threshold is '-0.1'", "0 to 1"),
        ("threshold=1.1", "threshold is '1.1'", "0 to 1"),
        ("threshold=high", "threshold is 'high'", "0 to 1"),
        ("segmens=3", "'segmens' is not a parameter", "segments"),
        ("segments=3&segments=4", "'segments' is given more than once", ""),
        ("policy=%00%ff", "policy is '\\x00\\ufffd'", "adaptive or all"),
    ],
)
def test_refusals_name_what_came_and_what_is_allowed(
    client, recognizer, sample, query, received, allowed
):
    response = post(client, query)

    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "invalid_parameter"
    assert received in problem["detail"]
    assert allowed in problem["detail"]
    assert recognizer.calls == []
    assert sample("adamml_requests_rejected_total", reason="invalid_parameter") == 1


def test_several_errors_are_told_at_once(client):
    detail = post(client, "segments=0&top_k=0").json()["detail"]

    assert "segments is '0'" in detail
    assert "top_k is '0'" in detail


def test_long_values_are_cut(client):
    detail = post(client, f"policy={'x' * 5000}").json()["detail"]

    assert len(detail) < 200


@pytest.mark.parametrize(
    "query",
    ["segments=1", "segments=64", "top_k=100", "threshold=0", "threshold=1", "max_gflops=1e9"],
)
def test_limits_themselves_are_allowed(client, query):
    assert post(client, query).status_code == 200
