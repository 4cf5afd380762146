"""A folder for each class: FOLDER/run/a.mp4, or FOLDER/train/run/a.mp4 with splits."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from training.data.sources.manifest_rows import Line, Row
from training.data.sources.sample import Split

logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts"}
    | {".ogv", ".ts", ".webm", ".wmv"}
)
SPLITS: tuple[Split, ...] = get_args(Split)


def read_folder(folder: Path) -> list[Line]:
    """One row a video. Folders below a class's folder are groups, such as one source each.

    Raises:
        ValueError: there are no class folders, or one of them holds no video.
    """
    subfolders = _subfolders(folder)
    if subfolders and {path.name for path in subfolders} <= set(SPLITS):
        return [line for path in subfolders for line in _classes(path, folder, path.name)]
    return list(_classes(folder, folder, None))


def is_video(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return not hidden and path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _classes(parent: Path, root: Path, split: str | None) -> Iterator[Line]:
    classes = _subfolders(parent)
    if not classes:
        raise ValueError(f"{parent} has no folders; one for each class is needed")
    for path in classes:
        videos = sorted(file for file in path.rglob("*") if is_video(file))
        others = sum(file.is_file() for file in path.rglob("*")) - len(videos)
        if not videos:
            raise ValueError(f"{path} holds no video; endings: {' '.join(sorted(VIDEO_SUFFIXES))}")
        if others:
            logger.warning("%s: %d files that are no videos are left out", path, others)
        for video in videos:
            yield Line(str(video), _row(video, path, root, split))


def _row(video: Path, class_folder: Path, root: Path, split: str | None) -> Row:
    below = video.relative_to(class_folder)
    # A video that lies in no folder of its own is a group of its own.
    group = class_folder.relative_to(root) / below.parts[0]
    values = {"path": str(video.relative_to(root)), "label": class_folder.name}
    return Row.model_validate(values | {"split": split, "group": group.as_posix()})


def _subfolders(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
