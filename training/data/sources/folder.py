"""A folder for each class: FOLDER/run/a.mp4, or FOLDER/train/run/a.mp4 with splits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from model.common.video_suffixes import VIDEO_SUFFIXES
from training.data.sources.manifest_rows import Line, Row
from training.data.sources.sample import Split

logger = logging.getLogger(__name__)

# What folders of splits are called; case does not matter.
SPLIT_NAMES: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def read_folder(folder: Path) -> list[Line]:
    """One row a video. Folders below a class's folder are groups, such as one source each.

    Raises:
        ValueError: there are no class folders, or one of them holds no video.
    """
    subfolders = _subfolders(folder)
    named = {path: SPLIT_NAMES[path.name.lower()] for path in subfolders if _is_split(path)}
    if not named or not _hold_classes(named):
        return list(_classes(folder, folder, None))
    _check_splits(folder, subfolders, named)
    return [line for path, split in named.items() for line in _classes(path, folder, split)]


def _is_split(path: Path) -> bool:
    return path.name.lower() in SPLIT_NAMES


def _hold_classes(named: Mapping[Path, Split]) -> bool:
    """Whether folders that are called as splits are such: each has folders, and nothing else that
    counts. Else they are classes that happen to be called so."""
    return all(
        _subfolders(path) and not any(is_video(file) for file in path.iterdir()) for path in named
    )


def _check_splits(folder: Path, subfolders: list[Path], named: Mapping[Path, Split]) -> None:
    others = [path.name for path in subfolders if path not in named]
    with_videos = [name for name in others if any(map(is_video, (folder / name).rglob("*")))]
    if with_videos:
        raise ValueError(
            f"{folder} has splits, {[path.name for path in named]}, and beside them {with_videos};"
            f" a folder of splits has no others, which are called {', '.join(SPLIT_NAMES)}"
        )
    if others:
        logger.warning("%s: %s hold no videos and are left out", folder, others)
    if len(set(named.values())) < len(named):
        raise ValueError(
            f"{folder}: two folders are the same split: {[path.name for path in named]}"
        )


def is_video(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return not hidden and path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _classes(parent: Path, root: Path, split: Split | None) -> Iterator[Line]:
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


def _row(video: Path, class_folder: Path, root: Path, split: Split | None) -> Row:
    below = video.relative_to(class_folder)
    # A video that lies in no folder of its own is a group of its own.
    group = class_folder.relative_to(root) / below.parts[0]
    values = {"path": str(video.relative_to(root)), "label": class_folder.name}
    return Row.model_validate(values | {"split": split, "group": group.as_posix()})


def _subfolders(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
