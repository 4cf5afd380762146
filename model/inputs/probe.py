"""Probing: what a file is, before anything of it is decoded."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from model.errors import (
    EmptyUploadError,
    FrameTooLargeError,
    NoVideoStreamError,
    UndecodableVideoError,
    UnsupportedCodecError,
    VideoTooLongError,
)
from model.inputs.cage import Patience, run_caged
from model.inputs.complaints import frame_too_large, mentions_large_frame, not_opened_error
from model.inputs.ffmpeg import probe_command
from model.inputs.limits import DecodeLimits
from model.inputs.packets import scan_duration
from model.inputs.video import VideoInfo

MAX_PROBE_BYTES = 4 * 1024**2
DEFAULT_FRAME_RATE = 25.0
# Average and base rate of a constant-rate stream differ by rounding only.
RATE_TOLERANCE = 0.01

_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")

Stream = dict[str, Any]


def probe(path: Path, *, limits: DecodeLimits, patience: Patience) -> VideoInfo:
    """Ask ffprobe what `path` is.

    Raises:
        EmptyUploadError, UndecodableVideoError, NoVideoStreamError, UnsupportedCodecError,
        FrameTooLargeError, VideoTooLongError: the file is, or says, what the name tells.
        DecodeTimeoutError, DeadlineExceededError: see Patience.
    """
    if path.stat().st_size == 0:
        raise EmptyUploadError("the file is empty")
    document, errors = _ask(path, limits, patience)
    streams, container = document.get("streams", []), document.get("format", {})
    video = _video_stream(streams)
    _check_frame(video, errors, limits)
    times = _times(path, video, container, limits, patience)
    _check_duration(times.duration, limits)
    return _info(video, _audio_stream(streams), container, times)


def _ask(path: Path, limits: DecodeLimits, patience: Patience) -> tuple[dict[str, Any], str]:
    """ffprobe's document, and what it complained about."""
    command = probe_command(path, limits, show_format=None, show_streams=None)
    finished = run_caged(
        command, limits=limits, patience=patience, max_output_bytes=MAX_PROBE_BYTES
    )
    try:
        document: dict[str, Any] = json.loads(finished.output or b"{}")
    except ValueError:
        document = {}
    if finished.status != 0 or "format" not in document:
        raise not_opened_error(finished.errors, path, limits)
    return document, finished.errors


def _video_stream(streams: list[Stream]) -> Stream:
    """The default stream, or the one with the largest frames, as ffmpeg would choose."""
    videos = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not videos:
        raise NoVideoStreamError(f"the file has no video stream, only: {_kinds(streams)}")
    known = [stream for stream in videos if _is_known(stream)]
    if not known:
        tag = videos[0].get("codec_tag_string", "?")
        raise UnsupportedCodecError(f"the video codec {tag!r} is not supported")
    return max(known, key=lambda stream: (_is_default(stream), math.prod(_coded_size(stream))))


def _is_known(stream: Stream) -> bool:
    return str(stream.get("codec_name", "unknown")) != "unknown"


def _is_default(stream: Stream) -> bool:
    return bool(stream.get("disposition", {}).get("default"))


def _coded_size(video: Stream) -> tuple[int, int]:
    return int(video.get("width") or 0), int(video.get("height") or 0)


def _kinds(streams: list[Stream]) -> str:
    kinds = {str(stream.get("codec_type", "unknown")) for stream in streams}
    # A video stream that does not count is the picture on a record's cover.
    return ", ".join(sorted({"cover picture" if k == "video" else k for k in kinds})) or "nothing"


def _audio_stream(streams: list[Stream]) -> Stream | None:
    """The default stream that has sound, or the first."""
    audible = [
        stream
        for stream in streams
        if stream.get("codec_type") == "audio"
        and _is_known(stream)
        and int(stream.get("channels") or 0) > 0
    ]
    return max(audible, key=_is_default, default=None)


def _check_frame(video: Stream, errors: str, limits: DecodeLimits) -> None:
    width, height = _coded_size(video)
    if width * height > limits.max_pixels:
        raise FrameTooLargeError(
            f"frames are {width}x{height}; allowed are at most {limits.max_pixels} pixels"
        )
    if width < 1 or height < 1:
        if mentions_large_frame(errors):
            raise frame_too_large(errors, limits)
        raise UndecodableVideoError(f"the size of a frame is unknown ({width}x{height})")


def _check_duration(duration: float, limits: DecodeLimits) -> None:
    if duration > limits.max_duration_seconds:
        raise VideoTooLongError(
            f"the video lasts {duration:.0f} s; allowed are {limits.max_duration_seconds:g} s"
        )


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds: how long the stream lasts, and where it starts, on the file's own clock (`start`)
    and after the container does (`offset`)."""

    duration: float
    start: float
    offset: float


def _times(
    path: Path, video: Stream, container: Stream, limits: DecodeLimits, patience: Patience
) -> _Times:
    """Headers lie: one that claims nothing, or more than is allowed, is checked on the packets."""
    whole_start = _number(container.get("start_time")) or 0.0
    start = _number(video.get("start_time"))
    start = whole_start if start is None else start
    offset = max(0.0, start - whole_start)
    whole = _number(container.get("duration")) or 0.0
    duration = _number(video.get("duration")) or _tagged_duration(video) or whole - offset
    if not 0 < duration <= limits.max_duration_seconds:
        duration = scan_duration(
            path, int(video["index"]), _rate(video), limits=limits, patience=patience
        )
    return _Times(duration, start, offset)


def _tagged_duration(video: Stream) -> float | None:
    """Matroska's note, as in 00:01:02.500000000: when the stream ends on the file's own clock.

    The container's duration is that of its longest stream, which may be the sound.
    """
    match = _CLOCK.fullmatch(video.get("tags", {}).get("DURATION", ""))
    if match is None:
        return None
    hours, minutes, seconds = (float(part) for part in match.groups())
    end = 3600 * hours + 60 * minutes + seconds
    return end - max(0.0, _number(video.get("start_time")) or 0.0)


def _info(video: Stream, audio: Stream | None, container: Stream, times: _Times) -> VideoInfo:
    rotation = _rotation(video)
    width, height = _coded_size(video)
    return VideoInfo(
        duration_seconds=round(times.duration, 6),
        width=height if rotation in (90, 270) else width,
        height=width if rotation in (90, 270) else height,
        frame_rate=_rate(video),
        constant_frame_rate=_is_constant(video),
        container=str(container.get("format_name", "unknown")),
        video_codec=str(video["codec_name"]),
        audio_codec=str(audio["codec_name"]) if audio else None,
        rotation_degrees=rotation,
        start_offset_seconds=times.offset,
        start_seconds=times.start,
        seekable=_number(video.get("start_time")) is not None,
        video_index=int(video["index"]),
        audio_index=int(audio["index"]) if audio else None,
    )


def _is_constant(video: Stream) -> bool:
    average, base = _fraction(video.get("avg_frame_rate")), _fraction(video.get("r_frame_rate"))
    return bool(average and base and abs(average / base - 1) < RATE_TOLERANCE)


def _rate(video: Stream) -> float:
    """Of a constant rate the base is exact, where the average suffers from a late first frame."""
    average, base = _fraction(video.get("avg_frame_rate")), _fraction(video.get("r_frame_rate"))
    if _is_constant(video):
        return base or DEFAULT_FRAME_RATE
    return average or base or DEFAULT_FRAME_RATE


def _rotation(video: Stream) -> int:
    """Clockwise, from the display matrix, which is what ffmpeg heeds.

    It counts counter-clockwise, and turns by other angles without changing the frame's size,
    which is no rotation here.
    """
    counter = [d["rotation"] for d in video.get("side_data_list", []) if "rotation" in d]
    degrees = -float(counter[0]) if counter else 0.0
    quarters = round(degrees / 90)
    return quarters * 90 % 360 if abs(degrees - quarters * 90) < 1 else 0


def _fraction(text: str | None) -> float | None:
    try:
        value = float(Fraction(text or "0"))
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
