"""Sample: one labelled video, or a part of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True)
class Sample:
    """`group` names the source of the video, so that no source is in two splits.

    `has_audio` is what the manifest claims, None where it says nothing. Only what lies in
    [start_seconds, end_seconds) is used; None: from the beginning, to the end.
    """

    path: Path
    labels: tuple[str, ...]
    split: Split
    group: str
    has_audio: bool | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None

    @property
    def label(self) -> str:
        """The only label; ValueError where there are several, or none."""
        if len(self.labels) != 1:
            raise ValueError(f"{self.path} has the labels {self.labels}; one was expected")
        return self.labels[0]

    @property
    def is_trimmed(self) -> bool:
        return self.start_seconds is not None or self.end_seconds is not None
