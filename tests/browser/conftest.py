"""One Chromium for all visits, and services in this process around a fake recognizer."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

import pytest
import uvicorn

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "service"))
sys.path.insert(0, str(Path(__file__).parents[1] / "end_to_end"))

import chromium
from fake_recognizer import FakeRecognizer, wait_until
from prometheus_client import CollectorRegistry
from server_process import ServerProcess, free_port

from service.app import create_app
from service.keys.key_file import add_key, new_key
from service.samples.clips import bundled_clip
from service.settings import Settings

PREFIX = "/some/prefix"
COMMAND = [sys.executable, "-m", "cli.main", "serve"]


@pytest.fixture(scope="session")
def pictures():
    return chromium.pictures_folder()


@pytest.fixture(scope="session")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def driver(downloads):
    if programs := chromium.missing():
        pytest.skip(f"not installed: {', '.join(programs)} (Debian: chromium chromium-driver)")
    driver = chromium.start(downloads)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def real_service(tmp_path_factory):
    """A server process with the bundled model."""
    server = ServerProcess(COMMAND, tmp_path_factory.mktemp("server"))
    try:
        yield server.wait_until_ready(seconds=90)
    finally:
        server.kill()


@pytest.fixture
def recognizer():
    fake = FakeRecognizer()
    yield fake
    fake.release()


@pytest.fixture
def fake_service(recognizer, tmp_path):
    """Its address, below a prefix, as behind a proxy."""
    (tmp_path / "jobs").mkdir()
    settings = Settings(temp_dir=tmp_path, jobs_dir=tmp_path / "jobs", max_upload_bytes=400_000)
    app = create_app(settings, lambda: recognizer, registry=CollectorRegistry())
    with running(below(PREFIX, app)) as root:
        yield f"{root}{PREFIX}/"


@pytest.fixture
def key_and_service(recognizer, tmp_path):
    """A key, and the address of a service that asks for one."""
    key, entry = new_key("visitor")
    add_key(tmp_path / "keys.jsonl", entry)
    (tmp_path / "jobs").mkdir()
    settings = Settings(
        temp_dir=tmp_path, jobs_dir=tmp_path / "jobs", api_keys_file=tmp_path / "keys.jsonl"
    )
    app = create_app(settings, lambda: recognizer, registry=CollectorRegistry())
    with running(below(PREFIX, app)) as root:
        yield key, f"{root}{PREFIX}/"


@pytest.fixture
def visit(driver, pictures):
    """Begins a visit of a service's page."""
    driver.get("about:blank")
    for log in ("browser", "performance"):
        driver.get_log(log)
    return lambda url: chromium.Visit(driver, url, pictures)


@pytest.fixture(scope="session")
def clip():
    return bundled_clip("three-scenes.mp4")


def below(prefix, app):
    """As a proxy that serves the application under a prefix, and nothing beside it."""

    async def proxied(scope, receive, send):
        if scope["type"] == "http":
            path = scope["path"]
            inside = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else "/beside"
            scope = {**scope, "path": inside, "raw_path": inside.encode()}
        await app(scope, receive, send)

    return proxied


@contextlib.contextmanager
def running(app):
    """Its root address, while it serves in a thread."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, seconds=20)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
