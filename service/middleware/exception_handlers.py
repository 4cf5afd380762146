"""Exception handlers: every error leaves as a problem, and nothing of its inside is shown."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from model.common.errors import ClassificationError
from service.observability.record import CLIENT_CLOSED_REQUEST, record_of
from service.problems.errors import ServiceError, UnauthorizedError
from service.problems.parameter_errors import describe_error
from service.problems.problems import code_of_status, refusal


def add_exception_handlers(app: FastAPI) -> None:
    """What has no handler here is unexpected; the observation middleware answers it."""
    app.exception_handler(ClassificationError)(_on_classification_error)
    app.exception_handler(RequestValidationError)(_on_validation_error)
    app.exception_handler(HTTPException)(_on_http_exception)
    app.exception_handler(ClientDisconnect)(_on_client_disconnect)


async def _on_classification_error(request: Request, error: ClassificationError) -> Response:
    seconds = error.retry_after_seconds if isinstance(error, ServiceError) else None
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(request, error.code, str(error), headers)


async def _on_validation_error(request: Request, error: RequestValidationError) -> Response:
    detail = "; ".join(describe_error(entry) for entry in error.errors())
    return _problem(request, "invalid_parameter", detail)


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    """The framework's own: no such address, no such method."""
    code = code_of_status(error.status_code)
    return _problem(request, code, str(error.detail), dict(error.headers or {}))


async def _on_client_disconnect(request: Request, error: ClientDisconnect) -> Response:
    """Nobody reads this; the status is for the metrics and the log."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


def _problem(
    request: Request, code: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    record = record_of(request)
    record.code = code
    path = request.url.path
    return refusal(path, code, detail, request_id=record.request_id, headers=headers)
