"""The compute dial over HTTP, on a tiny model with a hand-made curve."""

from __future__ import annotations

import pytest

from tests.support.curves import CURVE, write_curved

VIDEO = {"content-type": "video/mp4"}


@pytest.fixture(scope="module")
def curved(start, tiny_bundle, tmp_path_factory):
    path = write_curved(tiny_bundle, tmp_path_factory.mktemp("curved") / "curved.adamml")
    return start("--model", str(path))


def post(server, clip, query=""):
    return server.client.post(f"/classify?{query}", content=clip.read_bytes(), headers=VIDEO)


def test_the_model_tells_its_curve_with_segments(curved):
    curve = curved.client.get("/model").json()["curve"]

    assert [point["segments"] for point in curve] == [1, 2, 4]
    assert [point["threshold"] for point in curve] == [point.threshold for point in CURVE]


@pytest.mark.parametrize(("budget", "number"), [(0.25, 0), (0.5, 1), (1, 2)])
def test_a_budget_is_answered_as_its_point_would_be(curved, clip, budget, number):
    point = CURVE[number]
    segments = point.segments or 4

    answer = post(curved, clip, f"budget={budget}").json()

    expected = {"mode": "adaptive", "threshold": point.threshold, "max_gflops": None}
    assert answer["policy"] == {**expected, "budget": budget}
    by_hand = post(curved, clip, f"threshold={point.threshold}&segments={segments}").json()
    assert by_hand["policy"] == {**expected, "budget": None}
    assert answer["segments"] == by_hand["segments"]
    assert answer["predictions"] == by_hand["predictions"]


def test_a_ceiling_alone_chooses_a_point_and_holds(curved, clip):
    answers = [post(curved, clip, f"max_gflops={g}").json() for g in (0.01, 0.021, 0.05, 9)]

    assert [len(answer["segments"]) for answer in answers] == [1, 1, 2, 4]
    for answer in answers:
        assert answer["compute"]["gflops"] <= answer["policy"]["max_gflops"]
        assert answer["policy"]["budget"] is None


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("budget=0.1", "budget_too_small", "the smallest possible with this model is 0.1969"),
        ("max_gflops=0.0001", "budget_too_small", "the policy network on 1 segments"),
        ("budget=0.5&threshold=0.5", "invalid_parameter", "budget and threshold are both given"),
        ("budget=0.5&segments=2", "invalid_parameter", "budget and segments are both given"),
        ("budget=0.5&policy=all", "invalid_parameter", "policy is 'all'"),
        ("budget=2", "invalid_parameter", "budget is '2'; allowed: a number from 0 to 1"),
    ],
)
def test_refusals(curved, clip, query, code, words):
    response = post(curved, clip, query)

    assert (response.status_code, response.json()["code"]) == (422, code)
    assert words in response.json()["detail"]
    assert curved.files() == []
