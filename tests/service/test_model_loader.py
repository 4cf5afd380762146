"""A change of model while requests run: by the administrator's route, here without processes."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref

import pytest
from asgi import Exchange, running, until
from fake_recognizer import FakeRecognizer
from pydantic import ValidationError

from model.inputs.ffmpeg.kernel_sandbox import SandboxMissingError
from service.app import create_app
from service.settings import SettingsError, read_settings

VIDEO = {"content-type": "video/mp4"}
KEY = "a key of the administrator"
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}


class Versions:
    """A loader: each call makes the next version, or raises what stands in its place."""

    def __init__(self, *versions):
        self.versions = list(versions)
        self.made = []

    def __call__(self):
        version = self.versions.pop(0)
        if isinstance(version, Exception):
            raise version
        fake = FakeRecognizer()
        fake.version = version
        self.made.append(fake)
        return fake


@pytest.fixture
def make_versions_app(make_settings, registry):
    def make(*versions, **settings):
        load = Versions(*versions)
        app = create_app(make_settings(**{"admin_key": KEY, **settings}), load, registry=registry)
        return app, load

    return make


def post(app, path="/admin/reload", body=b"", headers=AUTHORIZATION):
    exchange = Exchange(app, path=path, headers=headers)
    exchange.arrive(body, more=False)
    return exchange


async def change(app):
    return await post(app).finished()


async def classify(app):
    return await post(app, "/classify", b"video").finished()


def test_answers_name_the_version_that_made_them(make_versions_app, sample):
    app, load = make_versions_app("first", "second")

    async def scenario():
        async with running(app):
            load.made[0].block()
            before = post(app, "/classify", b"video")
            await until(lambda: load.made[0].num_running == 1)
            changed = await change(app)
            after = await classify(app)
            load.made[0].release()
            return (await before.finished()), changed, after

    before, changed, after = asyncio.run(scenario())

    assert changed.status == 200
    assert changed.json == {
        "model": {"name": "fake", "version": "second"},
        "previous_version": "first",
    }
    assert before.json["model"]["version"] == "first"
    assert after.json["model"]["version"] == "second"
    assert all(fake.warmed_up for fake in load.made)
    assert sample("adamml_model_info", name="fake", version="first") == 0
    assert sample("adamml_model_info", name="fake", version="second") == 1


def test_the_old_model_is_let_go(make_versions_app):
    app, load = make_versions_app("first", "second")

    async def scenario():
        async with running(app):
            old = weakref.ref(load.made.pop())
            await classify(app)
            await change(app)
            gc.collect()
            return old()

    assert asyncio.run(scenario()) is None


def test_a_file_that_does_not_load_changes_nothing(make_versions_app, caplog, sample):
    app, _ = make_versions_app("first", ValueError("it is no bundle"), "third")

    async def scenario():
        async with running(app):
            failed = await change(app)
            still = await classify(app)
            return failed, still, await change(app)

    with caplog.at_level(logging.INFO):
        failed, still, mended = asyncio.run(scenario())

    assert (failed.status, failed.json["code"]) == (409, "model_not_loaded")
    assert failed.json["detail"] == "it is no bundle; first still answers"
    assert still.json["model"]["version"] == "first"
    assert mended.json["model"]["version"] == "third"
    (line,) = (r for r in caplog.records if r.message == "the old model stays: no other loads")
    assert line.fields == {"error": "it is no bundle", "model_version": "first"}
    assert line.exc_info


def test_a_model_that_does_not_warm_up_changes_nothing(make_versions_app):
    app, _ = make_versions_app("first", "second")

    async def scenario():
        async with running(app):
            app.state.model_loader._load = lambda: BrokenWhenWarm()
            return await change(app), await classify(app)

    failed, still = asyncio.run(scenario())

    assert (failed.status, still.json["model"]["version"]) == (409, "first")


class BrokenWhenWarm(FakeRecognizer):
    def warm_up(self):
        raise RuntimeError("no such operation")


def test_changes_come_one_after_the_other(make_versions_app):
    app, _ = make_versions_app("first", "second", "third")

    async def scenario():
        async with running(app):
            return await asyncio.gather(change(app), change(app))

    changes = asyncio.run(scenario())
    steps = {(one.json["previous_version"], one.json["model"]["version"]) for one in changes}

    assert steps == {("first", "second"), ("second", "third")}


def test_nothing_changes_on_the_way_out(make_versions_app):
    app, _ = make_versions_app("first", "second")

    async def scenario():
        async with running(app):
            await app.state.service.lifecycle.drain(delay_seconds=0, grace_seconds=0)
            return await change(app)

    refused = asyncio.run(scenario())

    assert (refused.status, refused.json["code"]) == (503, "shutting_down")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer another key of somebody"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": f"Bearer {KEY}x"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer kéy"},
    ],
)
def test_without_the_key_it_is_unauthorized(make_versions_app, headers):
    app, load = make_versions_app("first", "second")

    async def scenario():
        async with running(app):
            encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
            return await post(app, headers=encoded).finished()

    refused = asyncio.run(scenario())

    assert (refused.status, refused.json["code"]) == (401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert load.versions == ["second"]


def test_without_a_key_in_the_settings_there_is_no_such_address(make_versions_app):
    app, _ = make_versions_app("first", "second", admin_key=None)

    async def scenario():
        async with running(app):
            return await change(app)

    assert asyncio.run(scenario()).json["code"] == "not_found"


def test_a_short_key_is_refused_and_not_told(make_settings, monkeypatch):
    monkeypatch.setenv("ADAMML_ADMIN_KEY", "hunter2")

    with pytest.raises(SettingsError, match="at least 16") as refused:
        read_settings()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ValidationError):
        make_settings(admin_key="short")
    assert KEY not in repr(make_settings(admin_key=KEY))


@pytest.mark.parametrize(
    ("sandbox", "is_complete"),
    [("landlock 7, seccomp", True), ("seccomp", False), ("none", False)],
)
def test_what_decoders_run_in_is_said(make_app, recognizer, sample, caplog, sandbox, is_complete):
    recognizer.sandbox = sandbox
    app = make_app()

    async def scenario():
        async with running(app):
            exchange = Exchange(app, path="/model", method="GET", headers={})
            exchange.arrive(b"", more=False)
            return (await exchange.finished()).json["sandbox"]

    with caplog.at_level(logging.INFO):
        assert asyncio.run(scenario()) == sandbox
    assert sample("adamml_decoder_sandboxed") == is_complete
    warned = [record for record in caplog.records if "without all" in record.message]
    assert (warned == []) == is_complete


def test_without_the_sandbox_that_is_required_nothing_starts(make_settings, registry):
    class Bare(FakeRecognizer):
        @property
        def sandbox(self):
            raise SandboxMissingError("it is required")

    app = create_app(make_settings(), Bare, registry=registry)

    async def scenario():
        async with app.router.lifespan_context(app):
            await until(lambda: app.state.service.lifecycle.failure is not None)
            return app.state.service.lifecycle.failure

    assert isinstance(asyncio.run(scenario()), SandboxMissingError)
