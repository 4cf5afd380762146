"""The real application around a fake recognizer, on a registry and a directory of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings

# Test modules have no package; this makes the fake importable from all of them.
sys.path.insert(0, str(Path(__file__).parent))

from fake_recognizer import FakeRecognizer, wait_until


@pytest.fixture
def recognizer():
    fake = FakeRecognizer()
    yield fake
    fake.release()


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def make_settings(tmp_path, tmp_path_factory):
    jobs_dir = tmp_path_factory.mktemp("jobs")

    def make(**overrides):
        defaults = {
            "temp_dir": tmp_path,
            "jobs_dir": jobs_dir,
            "max_upload_bytes": 100_000,
            "drain_grace_seconds": 0.5,
        }
        return Settings(**{**defaults, **overrides})

    return make


@pytest.fixture
def make_app(make_settings, recognizer, registry):
    def make(**overrides):
        return create_app(make_settings(**overrides), lambda: recognizer, registry=registry)

    return make


@pytest.fixture
def make_client(make_app):
    """A context manager: the application runs, and is ready, inside of it."""

    def make(**overrides):
        return ReadyClient(make_app(**overrides))

    return make


class ReadyClient(TestClient):
    def __enter__(self):
        super().__enter__()
        wait_until(lambda: self.get("/readyz").status_code == 200)
        return self


@pytest.fixture
def client(make_client):
    with make_client() as client:
        yield client


@pytest.fixture
def sample(registry):
    """A sample's value by name and labels; None where there is none."""

    def value(name, /, **labels):
        return registry.get_sample_value(name, labels)

    return value


@pytest.fixture
def uploads(tmp_path):
    """The files that uploads have left."""

    def files():
        return [path for path in tmp_path.rglob("*") if path.is_file()]

    return files
