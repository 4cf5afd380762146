"""OpenAPI and /model: what the service says about itself."""

from __future__ import annotations

import re

import pytest

from model.spec.model_spec import ModelSpec, OperatingPoint
from service.app import create_app
from service.problems.parameter_errors import PARAMETER_NAMES


@pytest.fixture
def schema(client):
    return client.get("/openapi.json").json()


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_resolves(schema):
    known = {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}

    assert set(references(schema)) <= known
    assert "#/components/schemas/Problem" in known
    assert "HTTPValidationError" not in str(schema)


def test_classify_describes_parameters_bodies_and_problems(schema):
    operation = schema["paths"]["/classify"]["post"]

    told = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    assert {name for place, name in told if place == "query"} == PARAMETER_NAMES
    assert ("header", "X-Request-Timeout-Seconds") in told
    assert set(operation["requestBody"]["content"]) == {
        "multipart/form-data",
        "video/*",
        "application/octet-stream",
    }
    answers = operation["responses"]
    assert set(answers) == {"200", "401", "408", "413", "415", "422", "429", "500", "503", "507"}
    assert "application/problem+json" in answers["422"]["content"]
    assert "`budget_too_small`" in answers["422"]["description"]
    assert "Retry-After" in answers["429"]["headers"]
    answer = answers["200"]["content"]["application/json"]["schema"]
    assert [one["$ref"].rpartition("/")[2] for one in answer["anyOf"]] == [
        "ClassifyAnswer",
        "GoogleAnswer",
    ]


def test_ranges_are_described(schema):
    parameters = schema["paths"]["/classify"]["post"]["parameters"]
    (segments,) = (entry for entry in parameters if entry["name"] == "segments")

    integer = segments["schema"]["anyOf"][0]
    assert (integer["minimum"], integer["maximum"]) == (1, 64)


def test_docs_are_served(client):
    response = client.get("/docs")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_docs_come_from_the_service_alone(client):
    """Every address in the document is relative, and is answered."""
    document = client.get("/docs").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', document)

    assert {"docs/swagger-ui-bundle.js", "docs/swagger-ui.css"} <= set(addresses)
    for address in addresses:
        assert "://" not in address
        answered = client.get(f"/{address}")
        assert answered.status_code == 200
        assert answered.headers["content-type"] != "application/problem+json"
    assert "cdn" not in document
    assert client.get("/docs/redoc.standalone.js").status_code == 404


@pytest.mark.parametrize("route", ["/docs", "/openapi.json"])
def test_documents_are_counted_by_their_name(client, route):
    client.get(route)

    line = f'adamml_requests_total{{route="{route}",status="200"}} 1.0'
    assert line in client.get("/metrics").text


def test_model_tells_its_spec(client, recognizer):
    body = client.get("/model").json()

    assert ModelSpec.model_validate(body["spec"]) == recognizer.spec
    assert body["labels"] == ["Archery", "Bowling", "Diving"]
    assert body["modalities"] == ["rgb", "flow", "audio"]
    assert (body["name"], body["version"], body["curve"]) == ("fake", "0123456789ab", [])


def test_the_curve_tells_the_number_of_segments(client, recognizer):
    points = [
        OperatingPoint(threshold=0.5, accuracy=0.5, gflops=1.0, segments=3),
        OperatingPoint(threshold=0.4, accuracy=0.6, gflops=2.0),
    ]
    recognizer.spec = recognizer.spec.model_copy(update={"curve": tuple(points)})

    curve = client.get("/model").json()["curve"]

    assert [point["segments"] for point in curve] == [3, recognizer.spec.eval_segments]


def test_two_applications_share_nothing(make_settings, recognizer):
    """Metrics used to clash when a registry was shared by default."""
    first, second = (create_app(make_settings(), lambda: recognizer) for _ in range(2))

    assert first.state.service.scraped is not second.state.service.scraped
