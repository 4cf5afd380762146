"""ActivityNet 1.3: untrimmed videos of 200 activities, with the times of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field, ValidationError

from training.data.published.annotated import Annotated, LeftOut, Published

# The labels of "testing" were never published; the paper measures on validation.
SPLITS: dict[str, Published] = {"training": "train", "validation": "test"}


class Annotation(BaseModel):
    segment: tuple[float, float]
    label: str = Field(min_length=1)


class Video(BaseModel):
    subset: str
    annotations: list[Annotation] = []


class Document(BaseModel):
    """Of the official JSON file, what is used of it."""

    database: dict[str, Video]


class ActivityNet(NamedTuple):
    annotated: list[Annotated]
    left_out: list[LeftOut]


def read_activitynet(path: Path, *, trimmed: bool) -> ActivityNet:
    """`trimmed`: one entry an annotated segment, with its times and its label. Otherwise one a
    video, with the set of its labels.

    Raises:
        ValueError: the file is not of that form; the first wrong place is named.
    """
    try:
        document = Document.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {place or 'the file'}: {first['msg']}") from error
    found = ActivityNet([], [])
    for name, video in document.database.items():
        if video.subset not in SPLITS:
            continue
        for one in _segments(name, video) if trimmed else [_whole(name, video)]:
            reason = _reason(one)
            if reason:
                found.left_out.append(LeftOut(one, reason))
            else:
                found.annotated.append(one)
    return found


def _whole(name: str, video: Video) -> Annotated:
    labels = tuple(sorted({annotation.label for annotation in video.annotations}))
    return Annotated(_names(name), labels, SPLITS[video.subset], name)


def _segments(name: str, video: Video) -> Iterator[Annotated]:
    for annotation in video.annotations:
        start, end = annotation.segment
        labels, split = (annotation.label,), SPLITS[video.subset]
        yield Annotated(_names(name), labels, split, name, max(0.0, start), end)


def _names(name: str) -> tuple[str, ...]:
    """The official tools put v_ before the YouTube id."""
    return f"v_{name}", name


def _reason(one: Annotated) -> str | None:
    """The official file has a few segments of no length."""
    if not one.labels:
        return "no annotation"
    start, end = one.start_seconds, one.end_seconds
    if start is not None and end is not None and end <= start:
        return "an empty segment"
    return None
