"""Where the label is, for data whose truth is known segment by segment: segments.csv."""

# Dimensions: V videos, S segments, M modalities.

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from model.spec.model_spec import Modality
from training.data.sources.sample import Sample

TRUTH_FILE = "segments.csv"


def informative(
    manifest: Path, samples: Sequence[Sample], names: Sequence[Modality], segments: int
) -> Tensor | None:
    """(V, S, M) bool, of the file beside the manifest; None without one, or for other segments.

    A clip with an event is known by the sound of its segments with that event, and by nothing
    else; any other by the picture, where that is there.
    """
    path = manifest.parent / TRUTH_FILE
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        rows = {(manifest.parent / row["path"]).resolve(): row for row in csv.DictReader(file)}
    truths = [_of_clip(rows[sample.path.resolve()], names) for sample in samples]
    found = torch.tensor(truths, dtype=torch.bool).reshape(len(samples), -1, len(names))
    return found if found.shape[1] == segments else None


def _of_clip(row: Mapping[str, str], names: Sequence[Modality]) -> list[list[bool]]:
    count = sum(name.startswith("sound") and name[5:].isdigit() for name in row)
    sounds = [row[f"sound{number}"] == "event" for number in range(count)]
    pictures = [row[f"picture{number}"] == "ok" for number in range(count)]
    if any(sounds):
        return [[name == "audio" and sound for name in names] for sound in sounds]
    return [[name != "audio" and picture for name in names] for picture in pictures]
