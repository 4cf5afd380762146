"""Reading ffmpeg's error messages: which error they mean, and the words a client may see."""

from __future__ import annotations

import re
from pathlib import Path

from model.common.errors import (
    FrameTooLargeError,
    UndecodableVideoError,
    UnsupportedCodecError,
    VideoError,
)
from model.inputs.ffmpeg.allowlist import DEMUXERS, VIDEO_CODECS
from model.inputs.ffmpeg.decode_limits import DecodeLimits

# ffmpeg's option for messages that begin with their level: "[h264 @ 0x55d0] [error] words".
LEVELS = "level+"

_LARGE_FRAME = re.compile(r"Picture size (\d+x\d+) (?:is invalid|exceeds)", re.I)
_NO_DECODER = re.compile(
    r"Decoder .*not found|no decoder found|Codec \(\w+\) not on whitelist", re.I
)
_NOT_LISTED = re.compile(r"Codec \((\w+)\) not on whitelist")
_ERROR = re.compile(r"^(?:\[[^\]]*@ 0x[0-9a-f]+\] )*\[(?:error|fatal|panic)\] (.+)$", re.M)
# What ffmpeg says about itself after it has said what is wrong.
_EMPTY_WORDS = ("Conversion failed", "Error marking filters", "Invalid data found when processing")
# Who says a line: "[matroska,webm @ 0x55d0]", "[in#0/mov,mp4 @ 0x55d0]", "[h264 @ 0x55d0]".
_SPEAKER = re.compile(r"\[([^\s\]]+) @ 0x")
_OPENED = "[info] Stream mapping:"
MAX_WORDS = 200


def mentions_large_frame(errors: str) -> bool:
    """Whether a decoder refused a frame for its size."""
    return bool(_LARGE_FRAME.search(errors))


def error_lines(errors: str) -> list[str]:
    """The messages that are errors, without their prefixes."""
    return [line.strip() for line in _ERROR.findall(errors)]


def while_decoding(log: str) -> str:
    """What of ffmpeg's log came after the file was opened: it then heeds the chosen stream only.

    Without what readers of containers say: they run ahead of the frames that are wanted, and it is
    a matter of chance whether they meet the end of a damaged file before those are there.
    """
    return without_readers(log.partition(_OPENED)[2])


def without_readers(log: str) -> str:
    """Without the lines that readers of containers write."""
    return "\n".join(line for line in log.splitlines() if not _is_of_reader(line))


def is_opened(log: str) -> bool:
    """Whether a file's opening is over by what the log says."""
    return _OPENED in log


def _is_of_reader(line: str) -> bool:
    match = _SPEAKER.match(line)
    names = match.group(1).removeprefix("in#0/").split(",") if match else []
    return any(name in DEMUXERS and name not in VIDEO_CODECS for name in names)


def explain(errors: str, path: Path) -> str:
    """The first telling error, without addresses and without the server's own path."""
    lines = error_lines(errors)
    telling = [line for line in lines if not any(words in line for words in _EMPTY_WORDS)]
    words = (telling or lines or ["no reason given"])[0]
    for name in (f"file:{path.absolute()}", str(path.absolute())):
        words = words.replace(name, "the file")
    return words[:MAX_WORDS]


def unlisted_codec(errors: str) -> str:
    """The codec for which a file was not opened; "" where that is not the reason."""
    match = _NOT_LISTED.search(errors)
    return match.group(1) if match else ""


def not_opened_error(errors: str, path: Path, limits: DecodeLimits) -> VideoError:
    """The error for a file that no allowed demuxer takes."""
    codec = unlisted_codec(errors)
    if codec:
        return UnsupportedCodecError(f"the codec {codec!r} is not supported")
    if mentions_large_frame(errors):
        return frame_too_large(errors, limits)
    reason = "" if "Format not on whitelist" in errors else f": {explain(errors, path)}"
    return UndecodableVideoError(f"the file is not a video in any supported container{reason}")


def no_frame_error(errors: str, path: Path, limits: DecodeLimits) -> VideoError:
    """The error for a file of which no frame could be decoded."""
    if _NO_DECODER.search(errors):
        return UnsupportedCodecError(f"the video codec is not supported: {explain(errors, path)}")
    if mentions_large_frame(errors):
        return frame_too_large(errors, limits)
    return UndecodableVideoError(f"no frame can be decoded: {explain(errors, path)}")


def frame_too_large(errors: str, limits: DecodeLimits) -> FrameTooLargeError:
    """For a frame whose size only the decoder saw; headers tell it in `probe`."""
    size = _LARGE_FRAME.search(errors)
    return FrameTooLargeError(
        f"frames are {size.group(1) if size else 'larger'};"
        f" allowed are at most {limits.max_pixels} pixels"
    )
