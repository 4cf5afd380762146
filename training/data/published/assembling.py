"""From annotations and a folder of videos to a manifest, and the list of what is left out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model.files.atomic_file import write_atomically
from training.data.published.annotated import Annotated, LeftOut
from training.data.published.video_index import VideoIndex
from training.data.sources.manifest import read_manifest
from training.data.sources.manifest_rows import Row
from training.data.sources.manifest_writer import path_from, write_manifest
from training.data.sources.sample import Split
from training.data.sources.splits import SplitPlan, assign_splits

COLUMNS = ("name", "split", "labels", "reason")

# By file and part of it.
Found = dict[tuple[Path, float | None, float | None], Annotated]


@dataclass(frozen=True, slots=True)
class Recipe:
    """`manifest`: the file to write. `holdout`: share of the train split's groups that become
    validation, drawn with `seed`, since the published test split must not choose anything."""

    manifest: Path
    holdout: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout is {self.holdout}; a share between 0 and 1 is needed")

    @property
    def left_out_file(self) -> Path:
        return self.manifest.with_suffix(".left_out.csv")


@dataclass(frozen=True, slots=True)
class Assembled:
    """What came of it: found videos by split, and what was left out. `without_train`: labels of
    the annotations of which there is no video to train on."""

    found: Counter[Split]
    left_out: tuple[LeftOut, ...]
    num_labels: int
    without_train: tuple[str, ...]


def assemble(
    annotated: Sequence[Annotated],
    left_out: Sequence[LeftOut],
    index: VideoIndex,
    recipe: Recipe,
    *,
    multi_label: bool,
) -> Assembled:
    """Write the manifest of all videos that are there, and the list of the others.

    `left_out` are those that the annotations' reader refused already.

    Raises:
        ValueError: not one of the videos is there.
    """
    found, missing = _match(annotated, index)
    if not found:
        raise _nothing_found(annotated, index)
    missing = [*left_out, *missing]
    write_manifest(recipe.manifest, _rows(found, recipe, multi_label=multi_label))
    write_atomically(recipe.left_out_file, partial(_write_left_out, missing))
    # Read as training reads it, so that what it would refuse is refused here.
    manifest = read_manifest(recipe.manifest, for_training=False)
    in_train = {label for sample in manifest.split("train") for label in sample.labels}
    wanted = {label for one in annotated for label in one.labels}
    return Assembled(
        found=Counter(sample.split for sample in manifest.samples),
        left_out=tuple(missing),
        num_labels=len(manifest.labels),
        without_train=tuple(sorted(wanted - in_train)),
    )


def _match(annotated: Sequence[Annotated], index: VideoIndex) -> tuple[Found, list[LeftOut]]:
    found: Found = {}
    left_out = []
    in_test = {one.group for one in annotated if one.split == "test"}
    for one in annotated:
        path = index.find(one.names, one.labels)
        if path is None:
            left_out.append(LeftOut(one, "no file"))
        elif one.split == "train" and one.group in in_test:
            left_out.append(LeftOut(one, "its source is in test as well"))
        elif found.setdefault((path, one.start_seconds, one.end_seconds), one) is not one:
            left_out.append(LeftOut(one, "repeats an earlier one"))
    return found, left_out


def _rows(found: Found, recipe: Recipe, *, multi_label: bool) -> list[Row]:
    label_of = {
        one.group: next(iter(one.labels), "") for one in found.values() if one.split == "train"
    }
    drawn = assign_splits(label_of, SplitPlan(val=recipe.holdout, test=0.0, seed=recipe.seed))
    return [
        Row(
            path=path_from(recipe.manifest.parent, path),
            label=None if multi_label else one.labels[0],
            labels=one.labels if multi_label else None,
            split="test" if one.split == "test" else drawn[one.group],
            group=one.group,
            start_seconds=start,
            end_seconds=end,
        )
        for (path, start, end), one in found.items()
    ]


def _nothing_found(annotated: Sequence[Annotated], index: VideoIndex) -> ValueError:
    if not annotated:
        return ValueError("the annotations name no video that could be used")
    here = next(iter(index.paths_of.values()))[0].name
    return ValueError(
        f"none of the {len(annotated)} annotated videos is in {index.folder}; looked for files"
        f" such as {' or '.join(annotated[0].names)} (any ending); there is {here}"
    )


def _write_left_out(left_out: Sequence[LeftOut], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            (
                one.annotated.names[0],
                one.annotated.split,
                "|".join(one.annotated.labels),
                one.reason,
            )
            for one in left_out
        )
