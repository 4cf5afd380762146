"""When to try again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from adamml_client.errors import ProblemError

# Refusals that pass by themselves.
_PASSING = {429, 503, 507}
# Nothing has reached the service.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Retries:
    """At most `tries` in all; a wait above `max_wait_seconds` is not begun, the error is raised."""

    tries: int = 5
    max_wait_seconds: float = 60.0
    first_wait_seconds: float = 0.5

    def __post_init__(self) -> None:
        if self.tries < 1 or self.max_wait_seconds < 0 or self.first_wait_seconds < 0:
            raise ValueError(f"{self}: at least one try, and no negative seconds")

    def wait_seconds(self, error: Exception, *, tried: int) -> float | None:
        """Before the next try, after `tried` of them; None: raise `error`."""
        if tried >= self.tries or not _passes(error):
            return None
        told = error.retry_after_seconds if isinstance(error, ProblemError) else None
        if told is not None:
            return told if told <= self.max_wait_seconds else None
        # Doubled, and spread: clients that were refused together do not come back together.
        wait: float = self.first_wait_seconds * 2.0 ** (tried - 1) * random.uniform(0.5, 1)
        return min(wait, self.max_wait_seconds)


def _passes(error: Exception) -> bool:
    if isinstance(error, ProblemError):
        return error.status in _PASSING
    return isinstance(error, _NOT_SENT)


def retry_after(value: str | None) -> float | None:
    """Seconds of the header, which may be a number or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
