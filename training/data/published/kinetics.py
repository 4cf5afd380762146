"""Kinetics-Sounds: 31 classes of Kinetics-400 that can be both seen and heard."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.data.published.annotated import Annotated, Published

# As the authors of AdaMML name them (their repository's issue 3), after Arandjelovic and
# Zisserman, "Look, Listen and Learn" (ICCV 2017).
CLASSES = (
    "blowing nose",
    "blowing out candles",
    "bowling",
    "chopping wood",
    "dribbling basketball",
    "laughing",
    "mowing lawn",
    "playing accordion",
    "playing bagpipes",
    "playing bass guitar",
    "playing clarinet",
    "playing drums",
    "playing guitar",
    "playing harmonica",
    "playing keyboard",
    "playing organ",
    "playing piano",
    "playing saxophone",
    "playing trombone",
    "playing trumpet",
    "playing violin",
    "playing xylophone",
    "ripping paper",
    "shoveling snow",
    "shuffling cards",
    "singing",
    "stomping grapes",
    "tap dancing",
    "tapping guitar",
    "tapping pen",
    "tickling",
)
COLUMNS = ("label", "youtube_id", "time_start", "time_end", "split")
# The paper measures on the validation split; many copies of the test split have no labels.
SPLITS: dict[str, Published | None] = {
    "train": "train",
    "validate": "test",
    "validation": "test",
    "val": "test",
    "test": None,
}


def read_kinetics(
    files: Sequence[Path], *, classes: Sequence[str] = CLASSES, whole_videos: bool = False
) -> list[Annotated]:
    """The rows of `classes` in Kinetics' CSV files. `whole_videos`: files are the sources
    themselves, called by their ids, of which ten seconds are to be used.

    Raises:
        ValueError: a column is missing, or a value is wrong, with its line.
    """
    return [one for file in files for one in _read(file, set(classes), whole_videos)]


def _read(path: Path, classes: set[str], whole_videos: bool) -> Iterator[Annotated]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f"{path}:1: the columns are {reader.fieldnames}; missing: {sorted(missing)};"
                f" Kinetics' annotations have {list(COLUMNS)}"
            )
        for row in reader:
            if row["label"] not in classes:
                continue
            one = _annotated(row, f"{path}:{reader.line_num}", whole_videos)
            if one is not None:
                yield one


def _annotated(row: dict[str, str], where: str, whole_videos: bool) -> Annotated | None:
    if row["split"] not in SPLITS:
        raise ValueError(f"{where}: split is {row['split']!r}; allowed: {list(SPLITS)}")
    try:
        start, end = float(row["time_start"]), float(row["time_end"])
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: time_start is {row['time_start']!r}, time_end {row['time_end']!r}; seconds"
            " are needed"
        ) from error
    split, name = SPLITS[row["split"]], row["youtube_id"]
    if split is None:
        return None
    if whole_videos:
        return Annotated((name,), (row["label"],), split, name, start, end)
    names = (f"{name}_{int(start):06d}_{int(end):06d}", f"{name}_{start:g}_{end:g}", name)
    return Annotated(names, (row["label"],), split, name)
