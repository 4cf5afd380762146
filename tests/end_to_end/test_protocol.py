"""The Open Inference Protocol by a client that others wrote, and as KServe's probes ask."""

from __future__ import annotations

import time

import numpy as np
import pytest

from model.files.bundle import read_spec
from model.inference.loading import BUNDLED_MODEL

triton = pytest.importorskip("tritonclient.http")


@pytest.fixture(scope="module")
def name():
    return read_spec(BUNDLED_MODEL).name


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.url.removeprefix("http://")) as client:
        yield client


def tensor(*paths):
    videos = np.array([path.read_bytes() for path in paths], dtype=np.object_)
    given = triton.InferInput("video", [len(paths)], "BYTES")
    given.set_data_from_numpy(videos)
    return given


def test_it_waits_lists_and_describes(client, server, name):
    end = time.monotonic() + 30
    while not client.is_server_ready() or not client.is_model_ready(name):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert client.is_server_live()
    assert not client.is_model_ready("another")

    version = server.client.get("/model").json()["version"]
    listed = [(model["name"], model["version"]) for model in client.get_model_repository_index()]
    assert listed == [(name, version)]
    assert client.get_server_metadata()["name"] == "adamml"
    assert client.get_model_metadata(name)["versions"] == [version]


def test_it_infers_as_classify_answers(client, server, name, clip, silent_clip):
    result = client.infer(name, [tensor(clip, silent_clip)], request_id="two videos")

    expected = [
        server.client.post(
            "/classify", content=path.read_bytes(), headers={"content-type": "video/mp4"}
        ).json()
        for path in (clip, silent_clip)
    ]
    best = [answer["predictions"][0] for answer in expected]
    assert result.as_numpy("label").tolist() == [entry["label"].encode() for entry in best]
    scores = [entry["score"] for entry in best]
    np.testing.assert_allclose(result.as_numpy("score"), scores, rtol=1e-6)
    spent = [answer["compute"]["gflops"] for answer in expected]
    np.testing.assert_allclose(result.as_numpy("gflops"), spent, rtol=1e-6)
    assert result.as_numpy("gflops").dtype == np.float32
    assert result.get_response()["id"] == "two videos"
    assert result.get_response()["model_version"] == expected[0]["model"]["version"]


def test_chosen_outputs_as_json_and_parameters(client, name, clip):
    wanted = [triton.InferRequestedOutput("gflops", binary_data=False)]
    full = client.infer(name, [tensor(clip)], outputs=wanted)
    cheap = client.infer(name, [tensor(clip)], outputs=wanted, parameters={"segments": 1})

    assert [output["name"] for output in full.get_response()["outputs"]] == ["gflops"]
    assert full.as_numpy("gflops")[0] > cheap.as_numpy("gflops")[0]


def test_a_refusal_is_the_clients_own_exception(client, server, name, tmp_path):
    (tmp_path / "text.mp4").write_text("this is text")

    with pytest.raises(triton.InferenceServerException, match="video") as refused:
        client.infer(name, [tensor(tmp_path / "text.mp4")])
    assert refused.value.status() == "422"
    assert server.files() == []


def test_probes_as_kserve_makes_them(start, name):
    """Its predictors are asked by status alone: 200 or not, from the start to the end."""
    server = start(drain_delay_seconds=3)
    paths = ("/v2/health/live", "/v2/health/ready", f"/v2/models/{name}/ready")
    assert [server.client.get(path).status_code for path in paths] == [200, 200, 200]

    server.terminate()
    time.sleep(0.5)

    assert [server.client.get(path).status_code for path in paths] == [200, 503, 503]
    assert server.wait() == 0
