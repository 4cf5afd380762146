"""The manifest: which videos there are, with their labels and splits."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

Split = Literal["train", "val", "test"]
COLUMNS = ("path", "label", "split")


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled video; `group` names its source, so that no source is in two splits."""

    path: Path
    label: str
    split: Split
    group: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Samples in the file's order; labels sorted, so that indices do not depend on that order."""

    samples: tuple[Sample, ...]
    labels: tuple[str, ...]

    def split(self, name: Split) -> tuple[Sample, ...]:
        return tuple(sample for sample in self.samples if sample.split == name)

    def index(self, sample: Sample) -> int:
        return self.labels.index(sample.label)


def read_manifest(path: Path) -> Manifest:
    """Read a CSV with the columns path (relative to the file), label, split and, optionally, group.

    Raises:
        ValueError: a column or a value is missing or wrong, with the line; a group spans splits;
            the training split lacks a label.
    """
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path} lacks the columns {sorted(missing)}; needed: {COLUMNS}")
        samples = tuple(
            _sample(path.parent, row, where=f"{path}:{reader.line_num}") for row in reader
        )
    _require_disjoint_groups(samples)
    labels = tuple(sorted({sample.label for sample in samples}))
    absent = set(labels) - {sample.label for sample in samples if sample.split == "train"}
    if absent or len(labels) < 2:
        raise ValueError(f"{path}: at least two labels in train are needed; absent: {absent}")
    return Manifest(samples=samples, labels=labels)


def _sample(folder: Path, row: dict[str, str], *, where: str) -> Sample:
    if not all(row[column] for column in COLUMNS):
        raise ValueError(f"{where}: {COLUMNS} must not be empty, got {row}")
    if row["split"] not in get_args(Split):
        raise ValueError(f"{where}: split is {row['split']!r}; allowed: {get_args(Split)}")
    return Sample(
        path=folder / row["path"],
        label=row["label"],
        split=cast(Split, row["split"]),
        group=row.get("group") or row["path"],
    )


def _require_disjoint_groups(samples: Iterable[Sample]) -> None:
    split_of: dict[str, str] = {}
    for sample in samples:
        other = split_of.setdefault(sample.group, sample.split)
        if other != sample.split:
            raise ValueError(f"group {sample.group!r} is in {other} and in {sample.split}")
