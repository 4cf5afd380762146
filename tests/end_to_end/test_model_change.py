"""The model is changed while clients ask: no request fails, each names the model that made it.

`make test-model-change` does the same at ten times the length.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.files.bundle import read_bundle, write_bundle
from model.inference.loading import BUNDLED_MODEL

NUM_REQUESTS = int(os.environ.get("MODEL_CHANGE_REQUESTS", "100"))
NUM_CHANGES = int(os.environ.get("MODEL_CHANGES", "4"))
NUM_CLIENTS = 3
MARK = "other "
KEY = "a key of the administrator"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """The bundled model, and one that differs from it in every label."""
    bundled = read_bundle(BUNDLED_MODEL)
    labels = tuple(f"{MARK}{label}" for label in bundled.spec.labels)
    spec = bundled.spec.model_copy(update={"labels": labels})
    other = tmp_path_factory.mktemp("bundles") / "other.adamml"
    write_bundle(other, spec, bundled.graphs)
    return {bundled.version: BUNDLED_MODEL, read_bundle(other).version: other}


class Operator:
    """Puts another file in the model's place, then says so; waits until it answers."""

    def __init__(self, server, path, bundles):
        self.server, self._path, self._bundles = server, path, bundles
        self.version = self._answering()

    def change(self, *, by_signal):
        (self.version,) = set(self._bundles) - {self.version}
        beside = self._path.with_suffix(".new")
        shutil.copy(self._bundles[self.version], beside)
        beside.replace(self._path)
        if by_signal:
            self.server.process.send_signal(signal.SIGHUP)
        else:
            key = {"authorization": f"Bearer {KEY}"}
            answer = self.server.client.post("/admin/reload", headers=key)
            assert answer.json()["model"]["version"] == self.version, answer.text
        end = time.monotonic() + 60
        while self._answering() != self.version:
            assert time.monotonic() < end
            time.sleep(0.05)

    def _answering(self):
        return self.server.client.get("/model").json()["version"]


def resident_megabytes(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture
def operator(start, bundles, tmp_path):
    path = tmp_path / "model.adamml"
    shutil.copy(BUNDLED_MODEL, path)
    return Operator(start(model=path, admin_key=KEY), path, bundles)


def ask(server, body):
    response = server.client.post(
        "/classify?segments=1", content=body, headers={"content-type": "video/mp4"}
    )
    return response.status_code, response.json()


def test_no_request_fails_and_memory_returns_to_one_model(operator, clip, bundles):
    server, body = operator.server, clip.read_bytes()
    pid = server.process.pid
    # As many at once as later: each has buffers of its own.
    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        list(pool.map(lambda _: ask(server, body), range(8 * NUM_CLIENTS)))
    one_model, peak, done = resident_megabytes(pid), 0.0, threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, resident_megabytes(pid))

    with ThreadPoolExecutor(NUM_CLIENTS + 1) as pool:
        watching = pool.submit(watch)
        answers = [pool.submit(ask, server, body) for _ in range(NUM_REQUESTS)]
        for number in range(NUM_CHANGES):
            wanted = (number + 1) * NUM_REQUESTS // (NUM_CHANGES + 1)
            while sum(answer.done() for answer in answers) < wanted:
                time.sleep(0.02)
            operator.change(by_signal=number % 2 == 0)
        answers = [answer.result() for answer in answers]
        done.set()
        watching.result()

    for _ in range(6):
        ask(server, body)
    time.sleep(1)
    after = resident_megabytes(pid)

    assert Counter(status for status, _ in answers) == {200: NUM_REQUESTS}
    made_by = Counter(answer["model"]["version"] for _, answer in answers)
    assert set(made_by) == set(bundles)
    (bundled, _) = bundles
    for _, answer in answers:
        is_other = answer["predictions"][0]["label"].startswith(MARK)
        assert is_other == (answer["model"]["version"] != bundled)
    print(  # noqa: T201 - the figures, with `pytest -s`
        f"\n{NUM_REQUESTS} requests, {NUM_CHANGES} changes: {dict(made_by)};"
        f" MB before {one_model:.0f}, at most {peak:.0f}, after {after:.0f}"
    )
    assert after < one_model * 1.25


def test_a_broken_file_changes_nothing(operator, clip):
    operator._path.with_suffix(".new").write_bytes(BUNDLED_MODEL.read_bytes()[:10_000])
    operator._path.with_suffix(".new").replace(operator._path)
    key = {"authorization": f"Bearer {KEY}"}
    refused = operator.server.client.post("/admin/reload", headers=key)

    assert (refused.status_code, refused.json()["code"]) == (409, "model_not_loaded")
    status, answer = ask(operator.server, clip.read_bytes())
    assert (status, answer["model"]["version"]) == (200, operator.version)
