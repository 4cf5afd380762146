"""What the load generator posts: videos of yours or made here, and files that must be refused."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.inputs.ffmpeg.programs import programs

# A picture that moves, and a tone; the lengths differ so that the costs do.
_LENGTHS = (2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Body:
    """`statuses`: the answers that are right, by their first digit."""

    name: str
    content: bytes
    statuses: tuple[int, ...] = (2,)


def read_videos(paths: Sequence[Path]) -> list[Body]:
    """Files, and all files below folders. Raises FileNotFoundError where there are none."""
    files = []
    for path in paths:
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"no file below {', '.join(map(str, paths))}")
    return [Body(file.name, file.read_bytes()) for file in files]


def make_videos(folder: Path) -> list[Body]:
    """Small clips, some without sound; needs ffmpeg. Raises CalledProcessError."""
    bodies = []
    for number, seconds in enumerate(_LENGTHS):
        for has_sound in (True, False):
            path = folder / f"made_{seconds:g}s_{'sound' if has_sound else 'silent'}.mp4"
            _make(path, seconds, tone=220 * (number + 1) if has_sound else None)
            bodies.append(Body(path.name, path.read_bytes()))
    return bodies


def make_bad(good: Body) -> list[Body]:
    """Nothing, no video, and a third of one, of which some can be recognised."""
    return [
        Body("empty", b"", statuses=(4,)),
        Body("text", b"this is no video\n" * 100, statuses=(4,)),
        Body("truncated", good.content[: len(good.content) // 3], statuses=(2, 4)),
    ]


def _make(path: Path, seconds: float, *, tone: int | None) -> None:
    sources = ["-f", "lavfi", "-i", f"testsrc2=s=320x240:r=25:d={seconds}"]
    if tone is not None:
        sources += ["-f", "lavfi", "-i", f"sine=f={tone}:d={seconds}"]
    output = ["-pix_fmt", "yuv420p", str(path)]
    subprocess.run(
        [programs().ffmpeg, "-v", "error", "-nostdin", "-y", *sources, *output], check=True
    )
