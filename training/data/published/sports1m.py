"""Mini-Sports1M: 30 training and 10 test videos of each of the 487 classes of Sports-1M."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from training.data.published.annotated import Annotated, LeftOut, Published

# What follows in a URL, or stands alone: a YouTube id.
_ID = re.compile(r"^(?:https?://\S*?(?:[?&]v=|youtu\.be/|/embed/))?([A-Za-z0-9_-]{6,})(?:&\S*)?$")


class Listed(NamedTuple):
    """A line of a list: a video, and its classes where the line has them."""

    name: str
    classes: tuple[int, ...]
    where: str


class Sports(NamedTuple):
    annotated: list[Annotated]
    left_out: list[LeftOut]


def read_sports1m(
    lists: Mapping[Published, Path], label_file: Path, partitions: Sequence[Path]
) -> Sports:
    """`lists`: the videos of each split, one URL or YouTube id a line, optionally followed by
    class numbers ("168,169"), as in Sports-1M's own partitions. Where they are not, they are
    looked up in `partitions` (original/*_partition.txt of Sports-1M, .gz or not). `label_file`:
    labels.txt of Sports-1M, the first line being class 0.

    Raises:
        ValueError: a line is wrong, or names a class that `label_file` does not have.
    """
    names = label_file.read_text(encoding="utf-8-sig").split("\n")
    names = [name.strip() for name in names if name.strip()]
    known = {one.name: one for path in partitions for one in _read(path)}
    found = Sports([], [])
    for split, path in lists.items():
        for one in _read(path):
            source = one if one.classes else known.get(one.name, one)
            labels = _labels(source, names)
            annotated = Annotated((one.name,), labels, split, one.name)
            if labels:
                found.annotated.append(annotated)
            else:
                found.left_out.append(LeftOut(annotated, "no class in the list or a partition"))
    return found


def _labels(one: Listed, names: Sequence[str]) -> tuple[str, ...]:
    wrong = [number for number in one.classes if number >= len(names)]
    if wrong:
        raise ValueError(f"{one.where}: classes {wrong}; there are 0 to {len(names) - 1}")
    return tuple(names[number] for number in dict.fromkeys(one.classes))


def _read(path: Path) -> Iterator[Listed]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _listed(line, f"{path}:{number}")


def _listed(line: str, where: str) -> Listed:
    first, *rest = line.replace(";", " ").split()
    match = _ID.match(first)
    numbers = [part for text in rest for part in text.split(",") if part]
    if match is None or not all(part.isdigit() for part in numbers):
        raise ValueError(
            f"{where}: {line.strip()!r}; a YouTube address or id and class numbers are needed"
        )
    return Listed(match[1], tuple(int(part) for part in numbers), where)
