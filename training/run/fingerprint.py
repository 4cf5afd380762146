"""Fingerprint: all that a stage's result depends on, flat, so that a difference has a name."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

# A dotted name to the value's text: {"joint.batch_videos": "32"}.
Fingerprint = Mapping[str, str]

SHOWN = 3


def fingerprint_of(name: str, value: object) -> dict[str, str]:
    """`value` (a pydantic model, mappings, sequences or scalars) under dotted names."""
    if isinstance(value, BaseModel):
        return fingerprint_of(name, value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        nested = [fingerprint_of(f"{name}.{key}", item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        nested = [fingerprint_of(f"{name}.{index}", item) for index, item in enumerate(value)]
    else:
        return {name: str(value)}
    return {key: text for part in nested for key, text in part.items()}


def differences(now: Fingerprint, before: Fingerprint) -> str:
    """What is not the same, in words; empty when everything is."""
    names = sorted(key for key in {**before, **now} if now.get(key) != before.get(key))
    clauses = [_difference(name, now.get(name), before.get(name)) for name in names[:SHOWN]]
    if len(names) > SHOWN:
        clauses.append(f"and {len(names) - SHOWN} more")
    return ", ".join(clauses)


def _difference(name: str, now: str | None, before: str | None) -> str:
    if before is None:
        return f"{name} is new"
    if now is None:
        return f"{name} was {before} and is gone"
    return f"{name} was {before} and is {now}"
