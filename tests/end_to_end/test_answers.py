"""The bundled model over HTTP: fields, sums, determinism, budgets, refusals."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SHARED_MEDIA = Path(__file__).parents[3] / "shared" / "media" / "files"
VIDEO = {"content-type": "video/mp4"}


def post(server, path, query=""):
    return server.client.post(f"/classify?{query}", content=path.read_bytes(), headers=VIDEO)


@pytest.fixture(scope="module")
def answer(server, clip):
    response = post(server, clip)
    assert response.status_code == 200, response.text
    return response.json()


def test_fields(server, answer):
    model = server.client.get("/model").json()

    assert answer["model"] == {"name": model["name"], "version": model["version"]}
    video = answer["video"]
    assert (video["width"], video["height"], video["frame_rate"]) == (160, 120, 25.0)
    assert (video["video_codec"], video["audio_codec"]) == ("h264", "aac")
    assert video["duration_seconds"] == pytest.approx(3.0, abs=0.1)
    spec = model["spec"]
    assert len(answer["segments"]) == (spec["served_segments"] or spec["eval_segments"])
    for segment in answer["segments"]:
        assert set(segment["modalities"]) == set(model["modalities"])
        assert 0 <= segment["start_seconds"] < segment["end_seconds"]
    scores = [prediction["score"] for prediction in answer["predictions"]]
    assert scores == sorted(scores, reverse=True)
    assert {prediction["label"] for prediction in answer["predictions"]} <= set(model["labels"])


def test_compute_adds_up(answer):
    compute = answer["compute"]

    assert compute["gflops"] > 0
    assert compute["gflops"] == pytest.approx(sum(compute["gflops_by_component"].values()))
    assert compute["gflops"] == pytest.approx(sum(s["gflops"] for s in answer["segments"]))
    saved = 1 - compute["gflops"] / compute["gflops_dense"]
    assert compute["gflops_saved_ratio"] == pytest.approx(saved)
    assert {"decode", "policy", "recognition", "total"} <= set(compute["seconds_by_stage"])


def test_all_computes_everything(server, clip):
    compute = post(server, clip, "policy=all&segments=2").json()["compute"]

    assert compute["gflops"] == compute["gflops_dense"]
    assert compute["gflops_by_component"]["policy"] == 0


def without_timings(response):
    """The answer's text with what may differ put to zero; the rest stays as it was sent."""
    answer = response.json()
    for stage in answer["compute"]["seconds_by_stage"]:
        answer["compute"]["seconds_by_stage"][stage] = 0
    return json.dumps({**answer, "request_id": ""})


def test_same_video_same_bytes(server, clip):
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: post(server, clip, "segments=3"), range(4)))

    assert len({without_timings(response) for response in responses}) == 1


def test_a_form_gets_the_same_answer(server, clip):
    with clip.open("rb") as file:
        form = server.client.post("/classify?segments=3", files={"file": file})

    assert without_timings(form) == without_timings(post(server, clip, "segments=3"))


def test_no_audio_is_unavailable_and_warned_about(server, silent_clip):
    answer = post(server, silent_clip, "segments=2").json()

    decisions = [segment["modalities"]["audio"] for segment in answer["segments"]]
    assert decisions == [{"decision": "unavailable", "probability": None}] * 2
    assert "no_audio_stream" in {warning["code"] for warning in answer["warnings"]}
    assert answer["predictions"]


def test_only_an_unavailable_modality(server, silent_clip):
    response = post(server, silent_clip, "segments=2&modalities=audio")

    assert response.status_code == 200
    assert response.json()["compute"]["gflops_by_component"]["rgb"] == 0


def test_budgets_are_never_exceeded(server, clip):
    free = post(server, clip, "threshold=0&segments=2").json()["compute"]
    policy = free["gflops_by_component"]["policy"]
    for share in (0.0, 0.3, 1.0):
        budget = policy + share * (free["gflops"] - policy) + 1e-6
        response = post(server, clip, f"threshold=0&segments=2&max_gflops={budget!r}")
        assert response.status_code == 200, response.text
        assert response.json()["compute"]["gflops"] <= budget

    refused = post(server, clip, f"segments=2&max_gflops={policy * 0.99!r}")
    assert (refused.status_code, refused.json()["code"]) == (422, "budget_too_small")


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"this is text", {"undecodable_video", "unsupported_codec"}),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", {"unsupported_codec"}),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", {"unsupported_codec"}),
        (b"\0" * 5000, {"undecodable_video", "unsupported_codec"}),
    ],
)
def test_what_is_no_video_is_refused(server, content, codes):
    response = server.client.post("/classify", content=content, headers=VIDEO)

    assert response.status_code == 422
    assert response.json()["code"] in codes | {"undecodable_video"}
    assert server.files() == []


def test_sound_alone_is_refused(server, make_clip):
    sound = make_clip("sound.m4a", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac")

    response = post(server, sound)

    assert (response.status_code, response.json()["code"]) == (422, "no_video_stream")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_MEDIA.is_dir(), reason="the shared media files are not here")
def test_every_oddity_is_answered_or_refused(server):
    """A sample of real files; none may give a 5xx or leave a file behind."""
    paths = sorted(SHARED_MEDIA.iterdir())[::14]

    statuses = {path.name: post(server, path, "segments=2").status_code for path in paths}

    assert {name: s for name, s in statuses.items() if s not in (200, 422)} == {}
    assert 200 in statuses.values()
    assert server.files() == []
