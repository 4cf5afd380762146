"""The service against its own OpenAPI document, by schemathesis: requests that are right by it and
requests that are not are answered with a declared status and type, and never with a 5xx.

`make fuzz-api` draws more of them (API_EXAMPLES, of each operation and kind).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.app import create_app
from service.settings import Settings
from tests.service.fake_recognizer import FakeRecognizer
from tests.service.server_process import ServerProcess

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))
SEED = int(os.environ.get("API_SEED", "18"))
COMMAND = [sys.executable, Path(__file__).parents[1] / "service" / "serve_fake.py"]
ADMIN_KEY = "a key of the administrator"
LINES = {"Accept": "application/x-ndjson"}
ANSWER_SECONDS = 20.0
VIDEO = {"content-type": "video/mp4"}

load_all_checks()
DOCUMENT = create_app(Settings(), FakeRecognizer).openapi()
# A deadline that is drawn may have passed before what is wrong was looked at.
REJECTED = {"expected-statuses": [400, 401, 404, 408, 413, 415, 422, 429]}
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": REJECTED}})
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
# A tensor's shape has to be that of its data, and few texts are a range of bytes.
SELDOM_TAKEN = {"/v2/models/{name}/infer", "/samples/{name}"}
# Rules that join parameters, such as budget or threshold but not both, cannot be told in it.
EXCLUDED = [positive_data_acceptance]


@schemathesis.serializer("video/*")
def video(ctx, value):
    """Of a range of types a client sends one."""
    return {"data": value if isinstance(value, bytes) else str(value).encode(), "headers": VIDEO}


def kinds():
    """What is wrong by the document needs parameters or a body that can be wrong."""
    for operation in OPERATIONS:
        yield pytest.param(operation, GenerationMode.POSITIVE, id=f"{operation.label}, right")
        if operation.query or operation.headers or operation.body:
            yield pytest.param(operation, GenerationMode.NEGATIVE, id=f"{operation.label}, wrong")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its upload limit is above what is drawn, so that 413 is another test's matter."""
    directory = tmp_path_factory.mktemp("server")
    server = ServerProcess(COMMAND, directory, admin_key=ADMIN_KEY, log_level="warning")
    yield server.wait_until_ready()
    server.kill()


def existing(server, operation):
    """Path parameters that lead to something that is there."""
    if "{job_id}" in operation.path:
        made = server.client.post("/jobs", content=b"video", headers=VIDEO)
        return {"job_id": made.json()["id"]}
    if "/samples/" in operation.path:
        return {"name": server.client.get("/samples").json()["samples"][0]["name"]}
    return {"name": "fake"} if "{name}" in operation.path else {}


@pytest.mark.parametrize(("operation", "mode"), list(kinds()))
def test_answers_are_as_the_document_says(server, operation, mode):
    statuses = set()

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        exists=st.booleans(),
        lines=st.booleans(),
    )
    def ask(case, exists, lines):
        if exists:
            case.path_parameters.update(existing(server, operation))
        headers = LINES if lines else {}
        if operation.path.startswith("/admin") and exists:
            headers["Authorization"] = f"Bearer {ADMIN_KEY}"
        answer = case.call(base_url=server.url, headers=headers, timeout=ANSWER_SECONDS)
        statuses.add(answer.status_code)
        case.validate_response(answer, excluded_checks=EXCLUDED)

    ask()

    if mode is GenerationMode.POSITIVE and operation.path not in SELDOM_TAKEN:
        assert min(statuses) < 300
