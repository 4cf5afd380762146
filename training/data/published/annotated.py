"""Annotated: a video as a published data set's annotation files describe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Published data sets have two labelled splits. What the paper measures on is "test".
Published = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Annotated:
    """`names` are what its file may be called, without ending, the likeliest first; they may
    contain folders. `group` is the source, such as a YouTube id. Times as in Sample."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    split: Published
    group: str
    start_seconds: float | None = None
    end_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One that did not come into the manifest, and why."""

    annotated: Annotated
    reason: str
