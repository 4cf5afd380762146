"""From INPUT to videos: a folder, a glob, a list or a manifest, local or remote; and its shards."""

from __future__ import annotations

import glob
import hashlib
import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from batch.lists import LIST_SUFFIXES, read_list
from batch.places import filesystem, is_remote, join, local_path, parent_of, suffix_of
from model.common.video_suffixes import VIDEO_SUFFIXES

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Video:
    """`path` names it in its row, for ever; `place` is where it is opened."""

    path: str
    place: str


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `count`, from 1."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Raises ValueError for anything but i/n with i from 1 to n."""
        match = re.fullmatch(r"(\d+)/(\d+)", text)
        number, count = map(int, match.groups()) if match else (0, 0)
        if not 1 <= number <= count:
            raise ValueError(f"shard is {text!r}; allowed: i/n, i from 1 to n, such as 2/8")
        return cls(number, count)

    def has(self, path: str) -> bool:
        """By a hash of the path: a list that grows, or is sorted anew, leaves each where it was."""
        digest = hashlib.blake2b(path.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


@dataclass(frozen=True, slots=True)
class Found:
    """Each path once; `repeated`: how often one came again."""

    videos: list[Video]
    repeated: int


def find_videos(source: str, shard: Shard | None = None) -> Found:
    """The videos of `source`, in its order, or those of them that are the shard's.

    Those of folders and globs are named by absolute paths, those of lists as they are written.

    Raises:
        OSError: it cannot be read.
        ValueError: it is nothing of the kind, or holds no video.
    """
    found = _videos(source)
    if not found:
        endings = " ".join(sorted(VIDEO_SUFFIXES))
        raise ValueError(f"{source} has no videos; in folders those count that end in {endings}")
    unique = {video.path: video for video in found}
    shard = shard or Shard()
    mine = [video for video in unique.values() if shard.has(video.path)]
    return Found(mine, repeated=len(found) - len(unique))


def _videos(source: str) -> list[Video]:
    is_there = not is_remote(source) and local_path(source).exists()
    if suffix_of(source) in LIST_SUFFIXES and not (is_there and local_path(source).is_dir()):
        parent = parent_of(source)
        return [Video(shown(path), join(parent, path)) for path in read_list(source)]
    places = _remote(source) if is_remote(source) else _local(str(local_path(source)))
    return [Video(shown(place), place) for place in places]


def shown(path: str) -> str:
    """A name that is not UTF-8 can be written into a row, too."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _local(source: str) -> list[str]:
    path = Path(source).absolute()
    if path.is_dir():
        return _of_folder(str(file) for file in path.rglob("*") if file.is_file())
    if path.is_file():
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            raise ValueError(
                f"{source} is neither a video nor a list; lists end in {sorted(LIST_SUFFIXES)}"
            )
        return [str(path)]
    if not glob.has_magic(source):
        raise FileNotFoundError(f"there is no {source}")
    files = glob.glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute one.
    return sorted(file for file in files if Path(file).is_file())


def _remote(source: str) -> list[str]:
    files, path = filesystem(source)
    if suffix_of(source) in VIDEO_SUFFIXES and not glob.has_magic(source):
        return [source]
    if glob.has_magic(source):
        return sorted(files.unstrip_protocol(name) for name in files.glob(path))
    return _of_folder(files.unstrip_protocol(name) for name in files.find(path))


def _of_folder(files: Iterable[str]) -> list[str]:
    """A folder has other files beside its videos, unlike what a pattern or a list names."""
    every = [file for file in files if not file.rsplit("/", 1)[-1].startswith(".")]
    videos = sorted(file for file in every if suffix_of(file) in VIDEO_SUFFIXES)
    if len(videos) < len(every):
        logger.warning("%d files that are no videos are left out", len(every) - len(videos))
    return videos
