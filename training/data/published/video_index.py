"""Finding a data set's videos in a folder, whatever folders a downloader sorted them into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from training.data.sources.folder import is_video


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """The videos below `folder`, by name without ending."""

    folder: Path
    paths_of: Mapping[str, Sequence[Path]]

    @classmethod
    def scan(cls, folder: Path) -> Self:
        """Raises ValueError where there is no video at all."""
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder")
        paths_of: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(path for path in folder.rglob("*") if is_video(path)):
            paths_of[path.stem].append(path)
        if not paths_of:
            raise ValueError(f"{folder} holds no video")
        return cls(folder, paths_of)

    def find(self, names: Iterable[str], labels: Sequence[str]) -> Path | None:
        """The file of the first of `names` that there is. Of several, the one in the folders that
        the name has, or in one that is called like a label ("_" for a space), or the first."""
        for name in names:
            parts = Path(name).parts
            candidates = self.paths_of.get(parts[-1], ())
            if candidates:
                return max(candidates, key=lambda path: _fit(path, parts, labels))
        return None


def _fit(path: Path, parts: tuple[str, ...], labels: Sequence[str]) -> tuple[bool, bool]:
    with_folders = (*path.parts[:-1], path.stem)[-len(parts) :] == parts
    return with_folders, _plain(path.parent.name) in {_plain(label) for label in labels}


def _plain(name: str) -> str:
    return name.replace("_", " ").casefold()
