"""The deadline of a request: the service's, or the client's where that is shorter."""

from __future__ import annotations

import math

from fastapi import Request

from model.common.deadline import Deadline
from model.common.errors import InvalidParameterError
from service.problems.parameter_errors import echo

HEADER = "X-Request-Timeout-Seconds"


def deadline_of(request: Request, *, at_most_seconds: float) -> Deadline:
    """Begins now. Raises InvalidParameterError where the header is no number above 0."""
    given = request.headers.get(HEADER)
    if given is None:
        return Deadline(at_most_seconds)
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidParameterError(f"{HEADER} is {echo(given)}; allowed: a number above 0")
    return Deadline(min(seconds, at_most_seconds))
