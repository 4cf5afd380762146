"""The ground truth of a generated data set: which modality carries the label, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.spec.model_spec import Modality

# A modality is informative for a segment when it carries the label in this share of it.
MIN_SHARE = 0.5


class Stretch(BaseModel):
    """In [start_seconds, end_seconds) the label can be recognised in `modalities` alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start_seconds: float = Field(ge=0)
    end_seconds: float
    modalities: tuple[Modality, ...]


class ClipTruth(BaseModel):
    """`path` is relative to the data set's folder; the segments cover the whole clip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    label: str
    segments: tuple[Stretch, ...]


def segment_truth(
    truth: ClipTruth, start_seconds: float, end_seconds: float, *, min_share: float = MIN_SHARE
) -> set[Modality]:
    """The modalities that carry the label in at least `min_share` of [start, end) of a clip.

    Raises:
        ValueError: the segment is empty.
    """
    length = end_seconds - start_seconds
    if length <= 0:
        raise ValueError(f"the segment from {start_seconds} to {end_seconds} s is empty")
    covered: dict[Modality, float] = {}
    for stretch in truth.segments:
        end = min(end_seconds, stretch.end_seconds)
        shared = max(0.0, end - max(start_seconds, stretch.start_seconds))
        for name in stretch.modalities:
            covered[name] = covered.get(name, 0.0) + shared
    # Times are rounded to microseconds.
    return {name for name, seconds in covered.items() if seconds >= min_share * length - 1e-5}


def write_truth(path: Path, truths: Iterable[ClipTruth]) -> None:
    """One JSON object a line."""
    path.write_text("".join(truth.model_dump_json() + "\n" for truth in truths), encoding="utf-8")


def read_truth(path: Path) -> Mapping[str, ClipTruth]:
    """By the clips' paths as in the manifest.

    Raises:
        ValueError: a line is not what `write_truth` writes, with its number.
    """
    truths = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            truth = ClipTruth.model_validate_json(line)
        except ValidationError as error:
            raise ValueError(f"{path}:{number}: no ground truth of a clip: {error}") from error
        truths[truth.path] = truth
    return truths
