"""Request ids: the client's own when well formed, else a ULID, which sorts by time."""

from __future__ import annotations

import re
import secrets
import time
from contextvars import ContextVar

# What the log lines of the current request carry; empty outside of requests.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CROCKFORD_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH = 26


def choose_request_id(received: str | None) -> str:
    """`received` when it is safe to repeat in headers and logs, else a new ULID."""
    if received is not None and _WELL_FORMED.fullmatch(received):
        return received
    return new_ulid()


def new_ulid() -> str:
    """48 bits of Unix milliseconds, then 80 random bits, in Crockford's base 32."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    shifts = range(5 * (_ULID_LENGTH - 1), -1, -5)
    return "".join(_CROCKFORD_BASE32[value >> shift & 31] for shift in shifts)
