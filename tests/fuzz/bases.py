"""Files to mutate: small ones made by the pinned ffmpeg, and the user's own (FUZZ_MEDIA=FOLDER)."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.clips import ffmpeg

LARGEST_OWN_FILE = 4_000_000  # bytes; mutating larger ones tries less in the same time
PICTURE = ("-f", "lavfi", "-i", "testsrc2=duration=2:size=96x64:rate=12")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "6")

RECIPES = {
    "a.mp4": (*PICTURE, *SOUND, *H264, "-c:a", "aac"),
    "fragments.mp4": (*PICTURE, *SOUND, *H264, "-c:a", "aac", "-movflags", "frag_keyframe"),
    "a.mkv": (*PICTURE, *SOUND, *H264, "-c:a", "aac"),
    "a.webm": (*PICTURE, *SOUND, "-c:v", "libvpx", "-c:a", "libopus"),
    "a.avi": (*PICTURE, *SOUND, "-c:v", "mpeg4", "-c:a", "pcm_s16le"),
    "a.ts": (*PICTURE, *SOUND, *H264, "-c:a", "aac"),
    "a.mov": (*PICTURE, *SOUND, "-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "a.mpg": (*PICTURE, "-r", "25", "-c:v", "mpeg2video"),
    "a.flv": (*PICTURE, *H264),
    "a.gif": PICTURE,
}


def made_files(folder: Path) -> list[Path]:
    """One small file for each container, in `folder`; those that exist are kept."""
    for name, arguments in RECIPES.items():
        if not (folder / name).exists():
            # Without random identifiers, so that the same seed gives the same files everywhere.
            ffmpeg(*arguments, "-fflags", "+bitexact", "-flags", "+bitexact", folder / name)
    return [folder / name for name in RECIPES]


def own_files() -> list[Path]:
    """Those in the folder that FUZZ_MEDIA names, sorted; without the variable none."""
    name = os.environ.get("FUZZ_MEDIA")
    found = sorted(path for path in Path(name).rglob("*") if path.is_file()) if name else []
    return [path for path in found if 0 < path.stat().st_size <= LARGEST_OWN_FILE]
