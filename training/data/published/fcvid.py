"""FCVID: 91,223 web videos of 239 categories, any number of them a video."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from model.common.video_suffixes import VIDEO_SUFFIXES
from training.data.published.annotated import Annotated, Published

SPLITS: dict[str, Published] = {"train": "train", "test": "test"}
_NUMBERED = re.compile(r"^\d+\s*[,;:\t ]\s*(\S.*)$")


def read_fcvid(split_file: Path, label_file: Path, class_file: Path | None) -> list[Annotated]:
    """`split_file` (FCVID_VideoName_TrainTestSplit.txt) has a video and its split a line;
    `label_file` (FCVID_Label.txt), line by line for the same videos, a 0 or 1 for each category;
    `class_file` the categories' names in that order, which otherwise become numbers.

    Raises:
        ValueError: a line is wrong, or the files do not fit together.
    """
    names = None if class_file is None else read_classes(class_file)
    splits = _lines(split_file)
    labels = _lines(label_file)
    if len(splits) != len(labels):
        raise ValueError(
            f"{split_file} has {len(splits)} videos, {label_file} {len(labels)}; they must go"
            " line by line"
        )
    found = []
    for number, (line, flags) in enumerate(zip(splits, labels, strict=True), start=1):
        name, split = _video(line, f"{split_file}:{number}")
        names = names or [f"category {index + 1:03d}" for index in range(len(flags.split()))]
        chosen = _labels(flags, names, f"{label_file}:{number}")
        found.append(Annotated((name,), chosen, split, Path(name).name))
    return found


def read_classes(path: Path) -> list[str]:
    """One name a line, with or without its number before it.

    Raises:
        ValueError: names repeat, or there are fewer than two.
    """
    lines = _lines(path)
    matches = [_NUMBERED.match(line) for line in lines]
    names = [match[1] if match else line for match, line in zip(matches, lines, strict=True)]
    if len(set(names)) != len(names) or len(names) < 2:
        raise ValueError(f"{path}: names repeat, or there are fewer than two")
    return names


def _video(line: str, where: str) -> tuple[str, Published]:
    name, _, split = line.rpartition(" ") if "\t" not in line else line.rpartition("\t")
    if split not in SPLITS or not name.strip():
        raise ValueError(f"{where}: {line!r}; a video's name and train or test are needed")
    path = Path(name.strip().lstrip("/"))
    return str(path.with_suffix("") if path.suffix in VIDEO_SUFFIXES else path), SPLITS[split]


def _labels(flags: str, names: Sequence[str], where: str) -> tuple[str, ...]:
    cells = flags.split()
    values = {"0": False, "1": True, "-1": False}
    if len(cells) != len(names) or any(cell not in values for cell in cells):
        raise ValueError(
            f"{where}: {len(cells)} values, such as {cells[:3]}; {len(names)} of 0 or 1 are needed"
        )
    return tuple(name for name, cell in zip(names, cells, strict=True) if values[cell])


def _lines(path: Path) -> list[str]:
    """Without empty ones at the end."""
    return [line.strip() for line in path.read_text(encoding="utf-8-sig").rstrip().splitlines()]
