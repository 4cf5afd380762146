"""Writing a manifest that `read_manifest` reads."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from model.files.atomic_file import write_atomically
from training.data.sources.manifest_rows import LABEL_SEPARATOR, Row


def write_manifest(path: Path, rows: Sequence[Row]) -> None:
    """CSV or JSON lines by the ending; only columns that some row uses. Replaces `path`.

    Raises:
        ValueError: another ending, or a label that CSV cannot hold.
    """
    writers = {".csv": _write_csv, ".jsonl": _write_jsonl}
    if path.suffix not in writers:
        raise ValueError(f"{path} ends in {path.suffix!r}; allowed are .csv and .jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, partial(writers[path.suffix], rows))


def _write_csv(rows: Sequence[Row], path: Path) -> None:
    used = [
        name for name in Row.model_fields if any(getattr(row, name) is not None for row in rows)
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(used)
        writer.writerows([_cell(getattr(row, name)) for name in used] for row in rows)


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        if any(LABEL_SEPARATOR in label for label in value):
            raise ValueError(
                f"a label of {value} has a {LABEL_SEPARATOR!r}, which separates labels in CSV;"
                " write .jsonl instead"
            )
        return LABEL_SEPARATOR.join(value)
    return int(value) if isinstance(value, bool) else value


def _write_jsonl(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(row.model_dump_json(exclude_none=True) + "\n" for row in rows)


def path_from(folder: Path, video: Path) -> str:
    """`video` as a manifest in `folder` names it: relative where it lies within."""
    video, folder = video.absolute(), folder.absolute()
    return str(video.relative_to(folder) if video.is_relative_to(folder) else video)
