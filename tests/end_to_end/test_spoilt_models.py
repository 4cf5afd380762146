"""Model files that are cut off, empty, unreadable or gone: at the start, and when one is to be
loaded beside a model that answers."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from server_process import ServerProcess

from model.inference.loading import BUNDLED_MODEL
from tests.support.under_load import Clients, assert_right

COMMAND = [sys.executable, "-m", "cli.main", "serve"]
KEY = "a key of the administrator"


def truncated_model(path):
    path.write_bytes(BUNDLED_MODEL.read_bytes()[:100_000])


def empty_model(path):
    path.write_bytes(b"")


def unreadable_model(path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    path.chmod(0)


def vanished_model(path):
    path.unlink()


MODEL_FAULTS = [truncated_model, empty_model, unreadable_model, vanished_model]


@pytest.mark.parametrize("spoil", MODEL_FAULTS)
def test_a_model_that_is_spoilt_before_the_start(tmp_path, spoil):
    """The process ends, soon and with one line that names the file."""
    path = tmp_path / "model.adamml"
    shutil.copy(BUNDLED_MODEL, path)
    spoil(path)
    server = ServerProcess(COMMAND, tmp_path, model=path)
    try:
        assert server.wait(60) != 0
    finally:
        server.kill()
    assert path.name in server.log_text()
    assert list(server.temp_dir.iterdir()) == []


def test_a_model_that_is_spoilt_before_a_reload(start, tmp_path, questions, right):
    """The old one goes on answering, whatever becomes of its file, under load."""
    path, bearer = tmp_path / "model.adamml", {"authorization": f"Bearer {KEY}"}
    shutil.copy(BUNDLED_MODEL, path)
    server = start(model=path, admin_key=KEY)
    with Clients(server, questions[:1], count=2) as clients:
        for spoil in (truncated_model, empty_model, vanished_model):
            if path.exists():
                shutil.copy(BUNDLED_MODEL, path)
            spoil(path)
            refused = server.client.post("/admin/reload", headers=bearer)
            assert (refused.status_code, refused.json()["code"]) == (409, "model_not_loaded")
        shutil.copy(BUNDLED_MODEL, path)
        assert server.client.post("/admin/reload", headers=bearer).status_code == 200

    assert_right(clients.answers, right, problems=())
