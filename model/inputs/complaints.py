"""Reading ffmpeg's complaints: which error they mean, and the words a client may see."""

from __future__ import annotations

import re
from pathlib import Path

from model.errors import UndecodableVideoError, UnsupportedCodecError, VideoError

_LARGE_FRAME = re.compile(r"Picture size \d+x\d+ (is invalid|exceeds)|exceeds.*max_pixels", re.I)
_NO_DECODER = re.compile(r"Decoder .*not found|Codec \(\w+\) not on whitelist", re.I)
_NOT_LISTED = re.compile(r"Codec \((\w+)\) not on whitelist")
_PREFIX = re.compile(r"^\[[^\]]*@ 0x[0-9a-f]+\]\s*")
MAX_WORDS = 200


def mentions_large_frame(errors: str) -> bool:
    """Whether a decoder refused a frame for its size."""
    return bool(_LARGE_FRAME.search(errors))


def explain(errors: str, path: Path) -> str:
    """The last line of a complaint, without addresses and without the server's own path."""
    lines = [_PREFIX.sub("", line.strip()) for line in errors.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    for name in (f"file:{path.absolute()}", str(path.absolute()), path.name):
        last = last.replace(name, "the file")
    return last[:MAX_WORDS]


def not_opened_error(errors: str, path: Path) -> VideoError:
    """The error for a file that no allowed demuxer takes."""
    codec = _NOT_LISTED.search(errors)
    if codec:
        return UnsupportedCodecError(f"the codec {codec.group(1)!r} is not supported")
    return UndecodableVideoError(
        f"the file is not a video in any supported container: {explain(errors, path)}"
    )


def no_frame_error(errors: str, path: Path) -> VideoError:
    """The error for a file of which no frame could be decoded."""
    if _NO_DECODER.search(errors):
        return UnsupportedCodecError(f"the video codec is not supported: {explain(errors, path)}")
    return UndecodableVideoError(f"no frame can be decoded: {explain(errors, path)}")
