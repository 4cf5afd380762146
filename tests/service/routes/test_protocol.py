"""The Open Inference Protocol, message by message; the end-to-end tests have a client of others."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from fake_recognizer import FLOW_MACS, POLICY_MACS, RGB_MACS, wait_until
from starlette.testclient import TestClient

from model.common.errors import UndecodableVideoError
from service.app import create_app

INFER = "/v2/models/fake/infer"


def body(*videos, shape=None, **fields):
    data = [base64.b64encode(video).decode() for video in videos]
    tensor = {"name": "video", "shape": shape or [len(data)], "datatype": "BYTES", "data": data}
    return {"inputs": [tensor], **fields}


def outputs(response):
    assert response.status_code == 200, response.text
    return {tensor["name"]: tensor for tensor in response.json()["outputs"]}


def test_the_server_and_its_model_tell_of_themselves(client):
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/fake/ready").json() == {"name": "fake", "ready": True}
    (entry,) = client.post("/v2/repository/index").json()
    assert (entry["name"], entry["version"], entry["state"]) == ("fake", "0123456789ab", "READY")

    model = client.get("/v2/models/fake").json()
    assert model["versions"] == ["0123456789ab"]
    assert [(tensor["name"], tensor["datatype"]) for tensor in model["inputs"]] == [
        ("video", "BYTES")
    ]
    assert [(tensor["name"], tensor["datatype"]) for tensor in model["outputs"]] == [
        ("label", "BYTES"),
        ("score", "FP32"),
        ("gflops", "FP32"),
    ]


def test_nothing_is_ready_before_the_model_is(make_settings, recognizer):
    recognizer.block()
    recognizer.warm_up = lambda: recognizer._gate.wait(5)
    with TestClient(create_app(make_settings(), lambda: recognizer)) as client:
        for path in ("/v2/health/ready", "/v2/models/fake/ready", "/v2/models/fake"):
            response = client.get(path)
            assert response.status_code == 503
            assert response.json()["error"].startswith("not_ready: ")
        assert client.get("/v2/health/live").status_code == 200
        recognizer.release()
        wait_until(lambda: client.get("/v2/health/ready").status_code == 200)


def test_one_video_in_json(client, uploads, sample):
    response = client.post(INFER, json=body(b"video", id="my request"))

    found = outputs(response)
    assert (response.json()["model_name"], response.json()["id"]) == ("fake", "my request")
    assert response.json()["model_version"] == "0123456789ab"
    assert (found["label"]["data"], found["label"]["shape"]) == (["Bowling"], [1])
    assert found["score"]["data"] == [0.75]
    spent = POLICY_MACS * 10 + RGB_MACS * 10 + FLOW_MACS * 5
    assert found["gflops"]["data"] == [pytest.approx(spent / 1e9)]
    assert uploads() == []
    assert sample("adamml_requests_total", route="/v2/models/{name}/infer", status="200") == 1
    assert sample("adamml_request_duration_seconds_count") == 1
    assert sample("adamml_segments_total") == 10


def test_several_videos_are_answered_in_order(client, recognizer, sample):
    seen = []
    recognizer.inspect = lambda path: seen.append(path.read_bytes())
    # The second is long enough to go to its file as it arrives, the others wait for the end.
    videos = [b"first", b"second" * 2000, b"third"]

    response = client.post(INFER, json=body(*videos, shape=[3, 1]))

    assert outputs(response)["label"]["shape"] == [3]
    assert seen == videos
    assert sample("adamml_video_seconds_total") == 30.0
    assert sample("adamml_stage_duration_seconds_sum", stage="decode") == 0.75


def test_nested_data(client):
    asked = body(b"first", b"second", shape=[2, 1])
    asked["inputs"][0]["data"] = [[text] for text in asked["inputs"][0]["data"]]

    assert outputs(client.post(INFER, json=asked))["label"]["data"] == ["Bowling"] * 2


def binary(*videos, **fields):
    """A request in the binary form, with its headers."""
    content = b"".join(struct.pack("<I", len(video)) + video for video in videos)
    parameters = {"binary_data_size": len(content)}
    tensor = {
        "name": "video",
        "shape": [len(videos)],
        "datatype": "BYTES",
        "parameters": parameters,
    }
    head = json.dumps({"inputs": [tensor], **fields}).encode()
    return {
        "content": head + content,
        "headers": {"inference-header-content-length": str(len(head))},
    }


def test_binary_in_and_out(client, recognizer):
    seen = []
    recognizer.inspect = lambda path: seen.append(path.read_bytes())
    wanted = [{"name": "score", "parameters": {"binary_data": True}}, {"name": "label"}]

    response = client.post(INFER, **binary(b"one", b"another", outputs=wanted))

    assert seen == [b"one", b"another"]
    head_length = int(response.headers["inference-header-content-length"])
    score, label = json.loads(response.content[:head_length])["outputs"]
    assert (score["name"], score["parameters"]) == ("score", {"binary_data_size": 8})
    assert struct.unpack("<2f", response.content[head_length:]) == (0.75, 0.75)
    assert label["data"] == ["Bowling", "Bowling"]


def test_all_binary_by_one_parameter(client):
    response = client.post(INFER, **binary(b"v", parameters={"binary_data_output": True}))

    head_length = int(response.headers["inference-header-content-length"])
    assert response.content[head_length:].startswith(struct.pack("<I", 7) + b"Bowling")


def test_parameters_are_those_of_classify(client, recognizer):
    parameters = {"segments": 3, "policy": "all", "modalities": "rgb"}
    outputs(client.post(INFER, json=body(b"video", parameters=parameters)))

    (options,) = recognizer.calls
    assert (options.segments, options.policy, options.modalities) == (3, "all", {"rgb"})


def tensor(**changes):
    return {"inputs": [{**body(b"v")["inputs"][0], **changes}]}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "inputs"),
        ({"inputs": []}, "inputs"),
        (tensor(name="image"), "allowed: one, 'video'"),
        (tensor(datatype="FP32"), "allowed: one, 'video'"),
        ({"inputs": tensor()["inputs"] * 2}, "allowed: one, 'video'"),
        (tensor(shape=[2]), "shape is [2]"),
        (tensor(shape=[-1]), "shape is [-1]"),
        (tensor(data=["no base64!"]), "base64"),
        (tensor(data=[":0"]), "base64"),
        (tensor(data=[7]), "allowed: base64 text"),
        (tensor(data=None), "either data or"),
        (tensor(parameters={"content_type": "str"}), "content_type is 'str'"),
        (body(b"v" * 9000, id="A" * 8000), "no element"),
        (body(b"v", outputs=[{"name": "boxes"}]), "'boxes'"),
        (
            body(b"v", outputs=[{"name": "label", "parameters": {"classification": 3}}]),
            "'classification'",
        ),
        (body(b"v", parameters={"segments": 0}), "segments is 0"),
        (body(b"v", parameters={"top_k": 3}), "top_k"),
        (body(b"v", parameters={"unknown": 3}), "not a parameter"),
    ],
)
def test_what_is_no_such_request_is_refused_in_the_protocols_form(client, uploads, asked, words):
    response = client.post(INFER, json=asked)

    assert response.status_code == 422
    assert set(response.json()) == {"error"}
    assert response.json()["error"].startswith("invalid_parameter: ")
    assert words in response.json()["error"]
    assert uploads() == []


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        (lambda c: c.get("/v2/models/other"), 404, "not_found"),
        (lambda c: c.get("/v2/models/other/ready"), 404, "not_found"),
        (lambda c: c.post("/v2/models/other/infer", json=body(b"v")), 404, "not_found"),
        (lambda c: c.get("/v2/nowhere"), 404, "not_found"),
        (lambda c: c.get(INFER), 405, "method_not_allowed"),
        (lambda c: c.post(INFER, json=body(b"v" * 200_000)), 413, "upload_too_large"),
        (lambda c: c.post(INFER, json=body(b"")), 422, "empty_upload"),
        (lambda c: c.post(INFER, content=b"no JSON"), 422, "invalid_parameter"),
        (
            lambda c: c.post(INFER, content=b"v", headers={"content-encoding": "gzip"}),
            415,
            "unsupported_media_type",
        ),
        (
            lambda c: c.post(
                INFER, content=b"{}", headers={"inference-header-content-length": "x"}
            ),
            422,
            "invalid_parameter",
        ),
    ],
)
def test_refusals(client, uploads, send, status, code):
    response = send(client)

    assert response.status_code == status
    assert response.json()["error"].startswith(f"{code}: ")
    assert uploads() == []


def test_a_broken_video_among_several_is_named(client, recognizer, uploads, sample):
    def inspect(path):
        if path.read_bytes() == b"broken":
            raise UndecodableVideoError("no frame can be read")

    recognizer.inspect = inspect
    response = client.post(INFER, json=body(b"good", b"broken"))

    assert response.status_code == 422
    assert response.json() == {"error": "undecodable_video: video 1: no frame can be read"}
    assert sample("adamml_decode_failures_total", code="undecodable_video") == 1
    assert uploads() == []


def test_a_bug_is_told_in_the_protocols_form(make_client, recognizer):
    recognizer.error = RuntimeError("bug")
    with make_client() as client:
        response = client.post(INFER, json=body(b"v"))

    assert response.status_code == 500
    assert response.json()["error"].startswith("internal_error: ")


def test_a_full_queue_refuses(make_client, recognizer):
    with make_client(max_queue=0, max_concurrency=1) as client:
        client.app.state.service.admission._places._value = 0
        response = client.post(INFER, json=body(b"v"))

    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
