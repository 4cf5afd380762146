"""The words in which a query fails: the value received, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from model.common.errors import InvalidParameterError
from model.inference.options import (
    MAX_EVERY_SECONDS,
    MAX_SEGMENTS,
    MAX_TOP_K,
    MIN_EVERY_SECONDS,
)

ALLOWED: dict[str, str] = {
    "policy": "adaptive or all",
    "modalities": "a comma-separated subset of the model's modalities",
    "max_gflops": "a finite number above 0",
    "budget": "a number from 0 to 1",
    "segments": f"a whole number from 1 to {MAX_SEGMENTS}",
    "top_k": f"a whole number from 1 to {MAX_TOP_K}",
    "threshold": "a number from 0 to 1",
    "every_seconds": f"a number from {MIN_EVERY_SECONDS:g} to {MAX_EVERY_SECONDS:g}",
    "window_seconds": f"a number from {MIN_EVERY_SECONDS:g} to {MAX_EVERY_SECONDS:g}",
    "min_score": "a number from 0 to 1",
    "format": "adamml or google",
}
PARAMETER_NAMES = frozenset(ALLOWED)
_MAX_ECHO = 100


def refuse_repeated(query: Iterable[tuple[str, str]]) -> None:
    """Raises InvalidParameterError when a parameter is given twice: which one is meant?"""
    seen: set[str] = set()
    for name, _ in query:
        if name in seen:
            raise InvalidParameterError(f"{echo(name)} is given more than once")
        seen.add(name)


def describe_error(error: Mapping[str, Any]) -> str:
    """One of the validator's errors: the name, the value received, and what is allowed."""
    name = str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        # One that another address takes is none here.
        others = ", ".join(one for one in ALLOWED if one != name)
        return f"{echo(name)} is not a parameter; allowed: {others}"
    allowed = ALLOWED.get(name, error["msg"])
    return f"{name} is {echo(error.get('input'))}; allowed: {allowed}"


def echo(received: object) -> str:
    """What came in, printable and short."""
    text = ascii(received)
    return text if len(text) <= _MAX_ECHO else f"{text[:_MAX_ECHO]}..."
