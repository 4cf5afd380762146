"""format=google: the shape of Google's label annotations, of requests and of jobs."""

import time

import pytest

from service.routes.google_answer import offset

VIDEO = {"content-type": "video/mp4"}


@pytest.fixture
def client(make_client):
    with make_client() as client:
        yield client


def post(client, query, **headers):
    return client.post(f"/classify?{query}", content=b"video", headers={**VIDEO, **headers})


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, "0s"), (10.0, "10s"), (1.28, "1.280s"), (14.833664, "14.833664s"), (0.9999999, "1s")],
)
def test_offsets_are_durations_of_protocol_buffers(seconds, expected):
    assert offset(seconds) == expected


def test_labels_of_the_whole_video(client):
    answer = post(client, "format=google&top_k=2").json()

    (result,) = answer["annotationResults"]
    whole = {"startTimeOffset": "0s", "endTimeOffset": "10s"}
    assert result["segment"] == whole
    assert result["segmentLabelAnnotations"] == [
        {
            "entity": {"entityId": "fake/1", "description": "Bowling", "languageCode": "und"},
            "segments": [{"segment": whole, "confidence": 0.75}],
        },
        {
            "entity": {"entityId": "fake/0", "description": "Archery", "languageCode": "und"},
            "segments": [{"segment": whole, "confidence": 0.25}],
        },
    ]


def test_lines_have_no_such_format(client):
    response = post(client, "format=google", accept="application/x-ndjson")

    assert (response.status_code, response.json()["code"]) == (422, "invalid_parameter")
    assert "format adamml only" in response.json()["detail"]


def test_an_unknown_format_is_refused(client):
    response = post(client, "format=xml")

    assert response.json()["detail"] == "format is 'xml'; allowed: adamml or google"


def test_a_job_is_asked_for_it_when_its_result_is_read(client):
    end = time.monotonic() + 10
    while client.get("/jobs").status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.02)
    refused = client.post("/jobs?format=google", content=b"video", headers=VIDEO)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_parameter")
    location = client.post("/jobs", content=b"video", headers=VIDEO).headers["location"]
    while (job := client.get(f"{location}?format=google").json())["state"] != "succeeded":
        assert time.monotonic() < end
        time.sleep(0.02)

    expected = post(client, "format=google").json()
    assert job["result"] == expected
