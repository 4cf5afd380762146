"""The manifest: which videos there are, with their labels and splits."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.sources.folder import read_folder
from training.data.sources.manifest_rows import Line, read_rows
from training.data.sources.sample import Sample as Sample
from training.data.sources.sample import Split as Split
from training.data.sources.splits import SplitPlan, assign_splits


@dataclass(frozen=True, slots=True)
class Manifest:
    """Samples in the file's order; labels sorted, so that indices do not depend on that order.

    `is_multi_label`: a sample has any number of labels, rather than exactly one.
    """

    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    is_multi_label: bool = False

    def split(self, name: Split) -> tuple[Sample, ...]:
        return tuple(sample for sample in self.samples if sample.split == name)

    def index(self, sample: Sample) -> int:
        return self.labels.index(sample.label)

    def indices(self, sample: Sample) -> list[int]:
        return [self.labels.index(label) for label in sample.labels]

    def check_trainable(self, where: Path) -> None:
        """Raises ValueError unless there is something to learn, and to choose by."""
        in_train = {label for sample in self.split("train") for label in sample.labels}
        absent = set(self.labels) - in_train
        if absent or len(self.labels) < 2:
            raise ValueError(
                f"{where}: at least two labels are needed, each of them in train; there are"
                f" {list(self.labels)}, absent from train: {sorted(absent)}"
            )
        if not self.split("val"):
            raise ValueError(f"{where}: no video is in val; models are chosen by those")


def read_manifest(
    path: Path, *, for_training: bool = True, plan: SplitPlan | None = None
) -> Manifest:
    """Read a CSV or JSONL file, paths relative to it, or a folder that has one a class.

    Where no split is given, `plan` draws them by group. See docs/data.md.

    Raises:
        ValueError: a column or a value is missing or wrong, with the line; a video repeats; a
            group spans splits; or, `for_training`, train or val lacks something.
    """
    lines = read_folder(path) if path.is_dir() else read_rows(path)
    if not lines:
        raise ValueError(f"{path} has no videos")
    _refuse_mixtures(lines)
    _refuse_repetitions(lines, path if path.is_dir() else path.parent)
    samples = _samples(lines, path if path.is_dir() else path.parent, plan or SplitPlan())
    _refuse_spanning_groups(lines, samples)
    labels = tuple(sorted({label for sample in samples for label in sample.labels}))
    manifest = Manifest(samples, labels, is_multi_label=lines[0].row.labels is not None)
    if for_training:
        manifest.check_trainable(path)
    return manifest


def _samples(lines: Sequence[Line], folder: Path, plan: SplitPlan) -> tuple[Sample, ...]:
    drawn: dict[str, Split] = {}
    if lines[0].row.split is None:
        drawn = assign_splits({_group(line): _first_label(line) for line in reversed(lines)}, plan)
    return tuple(
        Sample(
            path=folder / line.row.path,
            labels=(line.row.label,) if line.row.label is not None else line.row.labels or (),
            split=line.row.split or drawn[_group(line)],
            group=_group(line),
            has_audio=line.row.has_audio,
            start_seconds=line.row.start_seconds,
            end_seconds=line.row.end_seconds,
        )
        for line in lines
    )


def _group(line: Line) -> str:
    return line.row.group or line.row.path


def _first_label(line: Line) -> str:
    return line.row.label or next(iter(line.row.labels or ()), "")


def _refuse_mixtures(lines: Sequence[Line]) -> None:
    """Some rows with a split, or of one kind of labels, would leave the others to guesses."""
    first = lines[0]
    for line in lines:
        if (line.row.split is None) != (first.row.split is None):
            raise ValueError(f"split is in one but not the other of {first.where}, {line.where}")
        if (line.row.label is None) != (first.row.label is None):
            raise ValueError(f"{first.where} and {line.where}: label in one, labels in the other")


def _refuse_repetitions(lines: Sequence[Line], folder: Path) -> None:
    """Of one file, however its path is spelt."""
    seen: dict[tuple[str, float | None, float | None], str] = {}
    for line in lines:
        name = os.path.normpath(folder / line.row.path)
        key = (unicodedata.normalize("NFC", name), line.row.start_seconds, line.row.end_seconds)
        other = seen.setdefault(key, line.where)
        if other != line.where:
            raise ValueError(
                f"{line.where}: {line.row.path} is at {other} too; several labels of one video"
                " belong in one row, in the column labels"
            )


def _refuse_spanning_groups(lines: Sequence[Line], samples: Sequence[Sample]) -> None:
    seen: dict[str, tuple[Split, str]] = {}
    for line, sample in zip(lines, samples, strict=True):
        split, where = seen.setdefault(sample.group, (sample.split, line.where))
        if split != sample.split:
            raise ValueError(
                f"{line.where}: group {sample.group!r} is in {sample.split} here and in {split}"
                f" at {where}"
            )
