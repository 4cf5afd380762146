"""Overload in short, around a recognizer that sleeps; at length, with a model: `make overload`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from server_process import ServerProcess

from benchmarks.traffic import overload

COMMAND = [sys.executable, Path(__file__).parent / "serve_fake.py"]


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(overload, "MAX_QUEUE", 2)
    # What comes back when it is told to is served then: two are computed, one waits.
    monkeypatch.setattr(overload, "_OBEDIENT", 3)
    server = ServerProcess(COMMAND, tmp_path, max_concurrency=2, max_queue=2)
    yield server.wait_until_ready()
    server.kill()


def test_four_times_too_much(server):
    service = SimpleNamespace(url=server.url, pid=server.process.pid)

    told = asyncio.run(overload.one_round(service, b"slow" + bytes(50_000), seconds=4))

    assert {name for name in told if name.startswith("status_")} == {"status_200", "status_429"}
    # Far from what `make overload` wants, as nothing is measured here: the service goes on.
    assert told["goodput_ratio"] >= 0.5
    assert told["retry_after_is_told"] == 1
    assert told["obedient"] >= 3
    assert told["obedient_answered"] == told["obedient"]
    assert server.files() == []


def test_quantiles_are_values():
    assert overload.quantile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert overload.quantile([], 0.95) == 0.0
