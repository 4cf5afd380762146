"""Problems: every error that the classifier can raise, the framework's own, and the unexpected."""

from __future__ import annotations

import logging

import pytest

import model.common.errors
from model.common.errors import ClassificationError
from service.observability.metric_labels import DECODE_FAILURES, REJECTIONS
from service.problems.errors import ServiceError
from service.problems.problems import KINDS

VIDEO = {"content-type": "video/mp4"}


def all_subclasses(kind):
    for subclass in kind.__subclasses__():
        yield subclass
        yield from all_subclasses(subclass)


CLASSIFIER_ERRORS = [
    error
    for error in all_subclasses(ClassificationError)
    if error.__module__ == model.common.errors.__name__ and "code" in vars(error)
]


@pytest.mark.parametrize("error", CLASSIFIER_ERRORS, ids=lambda error: error.code)
def test_classifier_errors_become_problems_and_are_counted(
    client, recognizer, sample, uploads, error
):
    recognizer.error = error("what was wrong")

    response = client.post("/classify", content=b"video", headers=VIDEO)

    body = response.json()
    assert response.status_code == KINDS[error.code].status
    assert (body["code"], body["detail"]) == (error.code, "what was wrong")
    counted = (
        sample("adamml_decode_failures_total", code=error.code)
        if error.code in DECODE_FAILURES
        else sample("adamml_requests_rejected_total", reason=error.code)
    )
    assert counted == 1
    assert sample("adamml_segments_total") == 0
    assert uploads() == []


def test_every_code_is_counted_somewhere():
    uncounted = {"not_found", "method_not_allowed", "internal_error"}
    uncounted |= {"unauthorized", "model_not_loaded"}  # of the administrator
    uncounted |= {"job_not_found", "jobs_unavailable", "idempotency_key_reused", "worker_lost"}

    assert set(DECODE_FAILURES) | set(REJECTIONS) | uncounted == set(KINDS)
    assert not set(DECODE_FAILURES) & set(REJECTIONS)


def test_every_service_error_is_in_the_table():
    assert {error.code for error in all_subclasses(ServiceError)} <= set(KINDS)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/classify", 405, "method_not_allowed"),
        ("POST", "/livez", 405, "method_not_allowed"),
        ("POST", "/classify/", 404, "not_found"),
    ],
)
def test_framework_errors_are_problems_too(client, method, path, status, code):
    response = client.request(method, path)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_unexpected_errors_show_nothing_and_log_everything(
    client, recognizer, sample, uploads, caplog
):
    recognizer.error = RuntimeError("secret path and password")

    with caplog.at_level(logging.ERROR):
        response = client.post("/classify", content=b"video", headers=VIDEO)

    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "secret" not in response.text
    assert "RuntimeError: secret path and password" in caplog.text
    assert sample("adamml_requests_total", route="/classify", status="500") == 1
    assert sample("adamml_requests_in_progress") == 0
    assert uploads() == []


def test_a_code_that_the_table_lacks_is_a_bug_and_answered_as_one(client, recognizer):
    recognizer.error = ClassificationError("code is invalid_request")

    response = client.post("/classify", content=b"video", headers=VIDEO)

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
