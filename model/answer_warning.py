"""AnswerWarning: something about a video that the caller should know although it was classified."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerWarning:
    """`code` is public and stable; `detail` is for people."""

    code: str
    detail: str
