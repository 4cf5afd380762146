"""POST /classify: the answer, byte by byte where it matters."""

from __future__ import annotations

import json

import pytest
from fake_recognizer import AUDIO_MACS, FLOW_MACS, POLICY_MACS, RGB_MACS

VIDEO = {"content-type": "video/mp4"}


def test_answer_has_the_contracts_fields_in_their_order(client):
    answer = client.post("/classify?segments=2", content=b"video", headers=VIDEO).json()

    assert list(answer) == [
        "request_id",
        "model",
        "video",
        "predictions",
        "segments",
        "compute",
        "policy",
        "warnings",
        "timeline",
    ]
    assert answer["model"] == {"name": "fake", "version": "0123456789ab"}
    assert answer["video"] == {
        "duration_seconds": 10.0,
        "width": 320,
        "height": 240,
        "frame_rate": 25.0,
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "video_codec": "h264",
        "audio_codec": "aac",
        "rotation_degrees": 0,
    }
    assert answer["predictions"][0] == {"label": "Bowling", "index": 1, "score": 0.75}
    assert answer["policy"] == {
        "mode": "adaptive",
        "threshold": 0.5,
        "max_gflops": None,
        "budget": None,
    }
    assert answer["warnings"] == []


def test_segments_tell_their_decisions_and_costs(client):
    answer = client.post("/classify?segments=2", content=b"video", headers=VIDEO).json()

    first, second = answer["segments"]
    assert first == {
        "index": 0,
        "start_seconds": 0.0,
        "end_seconds": 1.28,
        "gflops": (POLICY_MACS + RGB_MACS + FLOW_MACS) / 1e9,
        "modalities": {
            "rgb": {"decision": "selected", "probability": 0.9},
            "flow": {"decision": "selected", "probability": 0.6},
            "audio": {"decision": "unavailable", "probability": None},
        },
        "predictions": [
            {"label": "Bowling", "index": 1, "score": 0.75},
            {"label": "Archery", "index": 0, "score": 0.25},
        ],
    }
    assert list(first["modalities"]) == ["rgb", "flow", "audio"]
    assert second["modalities"]["flow"]["decision"] == "skipped"


def test_compute_adds_up(client):
    answer = client.post("/classify", content=b"video", headers=VIDEO).json()
    compute = answer["compute"]

    assert list(compute["gflops_by_component"]) == ["policy", "rgb", "flow", "audio"]
    assert compute["gflops"] == pytest.approx(sum(compute["gflops_by_component"].values()))
    assert compute["gflops"] == pytest.approx(sum(s["gflops"] for s in answer["segments"]))
    assert compute["gflops_dense"] == 10 * (RGB_MACS + FLOW_MACS + AUDIO_MACS) / 1e9
    saved = 1 - compute["gflops"] / compute["gflops_dense"]
    assert compute["gflops_saved_ratio"] == pytest.approx(saved)
    assert (compute["flow_pairs_computed"], compute["flow_pairs_avoided"]) == (200, 200)


def test_nothing_available_saves_nothing(client, recognizer, monkeypatch):
    """A ratio of nothing by nothing was a division by zero, and a 500."""
    import dataclasses

    import fake_recognizer

    normal = fake_recognizer.make_classification

    def without_anything(options):
        result = normal(options)
        compute = dataclasses.replace(result.compute, macs_dense=0)
        return dataclasses.replace(result, compute=compute)

    monkeypatch.setattr(fake_recognizer, "make_classification", without_anything)
    answer = client.post("/classify", content=b"video", headers=VIDEO).json()

    assert answer["compute"]["gflops_saved_ratio"] == 0.0


def test_same_request_same_bytes_but_for_its_id(client):
    first, second = (
        client.post("/classify", content=b"video", headers={**VIDEO, "x-request-id": "same"})
        for _ in range(2)
    )

    assert first.content == second.content
    assert json.loads(first.content)["request_id"] == "same"


def test_parameters_reach_the_recognizer(client, recognizer):
    query = "policy=all&modalities=audio,rgb&max_gflops=12.5&segments=3&top_k=1&threshold=0.25"

    response = client.post(f"/classify?{query}", content=b"video", headers=VIDEO)

    assert response.status_code == 200
    options = recognizer.calls[-1]
    assert options.policy == "all"
    assert options.modalities == frozenset({"rgb", "audio"})
    assert (options.max_gflops, options.segments) == (12.5, 3)
    assert (options.top_k, options.threshold) == (1, 0.25)


def test_defaults_are_the_models(client, recognizer):
    client.post("/classify", content=b"video", headers=VIDEO)

    options = recognizer.calls[-1]
    assert (options.policy, options.modalities, options.top_k) == ("adaptive", None, 5)
    assert (options.max_gflops, options.segments, options.threshold) == (None, None, None)
    assert options.budget is None


def test_server_timing_tells_the_stages(client):
    response = client.post("/classify", content=b"video", headers=VIDEO)

    stages = dict(entry.split(";dur=") for entry in response.headers["server-timing"].split(", "))
    assert list(stages) == ["upload", "queue", "decode", "policy", "flow", "recognition", "total"]
    assert stages["decode"] == "250.0"
