"""Probing: what a file is, before anything of it is decoded."""

from __future__ import annotations

import json
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
from model.inputs.complaints import mentions_large_frame, not_opened_error
from model.inputs.ffmpeg import probe_command
from model.inputs.limits import DecodeLimits
from model.inputs.packets import scan_duration
from model.inputs.video import VideoInfo

MAX_PROBE_BYTES = 4 * 1024**2
DEFAULT_FRAME_RATE = 25.0
# Average and base rate of a constant-rate stream differ by rounding only.
RATE_TOLERANCE = 0.01

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
    document = _ask(path, limits, patience)
    streams, container = document.get("streams", []), document.get("format", {})
    video = _video_stream(streams)
    _check_frame(video, limits)
    duration, offset = _duration(path, video, container, limits, patience)
    _check_duration(duration, limits)
    return _info(video, _audio_stream(streams), container, duration, offset)


def _ask(path: Path, limits: DecodeLimits, patience: Patience) -> dict[str, Any]:
    command = probe_command(path, limits, show_format=None, show_streams=None)
    finished = run_caged(
        command, limits=limits, patience=patience, max_output_bytes=MAX_PROBE_BYTES
    )
    if mentions_large_frame(finished.errors):
        raise FrameTooLargeError(f"a frame has more than the allowed {limits.max_pixels} pixels")
    try:
        document: dict[str, Any] = json.loads(finished.output or b"{}")
    except ValueError:
        document = {}
    if finished.status != 0 or "format" not in document:
        raise not_opened_error(finished.errors, path)
    return document


def _video_stream(streams: list[Stream]) -> Stream:
    videos = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not videos:
        raise NoVideoStreamError(f"the file has no video stream, only: {_kinds(streams)}")
    known = [stream for stream in videos if stream.get("codec_name", "unknown") != "unknown"]
    if not known:
        tag = videos[0].get("codec_tag_string", "?")
        raise UnsupportedCodecError(f"the video codec {tag!r} is not supported")
    default = [stream for stream in known if stream.get("disposition", {}).get("default")]
    return (default or known)[0]


def _kinds(streams: list[Stream]) -> str:
    kinds = {str(stream.get("codec_type", "unknown")) for stream in streams}
    # A video stream that does not count is the picture on a record's cover.
    return ", ".join(sorted({"cover picture" if k == "video" else k for k in kinds})) or "nothing"


def _audio_stream(streams: list[Stream]) -> Stream | None:
    audible = (
        stream
        for stream in streams
        if stream.get("codec_type") == "audio"
        and stream.get("codec_name", "unknown") != "unknown"
        and int(stream.get("channels") or 0) > 0
    )
    return next(audible, None)


def _check_frame(video: Stream, limits: DecodeLimits) -> None:
    width, height = int(video.get("width") or 0), int(video.get("height") or 0)
    if width * height > limits.max_pixels:
        raise FrameTooLargeError(
            f"frames are {width}x{height}; allowed are at most {limits.max_pixels} pixels"
        )
    if width < 1 or height < 1:
        raise UndecodableVideoError(f"the size of a frame is unknown ({width}x{height})")


def _check_duration(duration: float, limits: DecodeLimits) -> None:
    if duration > limits.max_duration_seconds:
        raise VideoTooLongError(
            f"the video lasts {duration:.0f} s; allowed are {limits.max_duration_seconds:g} s"
        )


def _duration(
    path: Path,
    video: Stream,
    container: Stream,
    limits: DecodeLimits,
    patience: Patience,
) -> tuple[float, float]:
    """Seconds that the video stream lasts, and where it starts after the container does.

    Headers lie: one that claims nothing, or more than is allowed, is checked on the packets.
    """
    start, whole_start = _number(video.get("start_time")), _number(container.get("start_time"))
    offset = max(0.0, start - whole_start) if start and whole_start is not None else 0.0
    whole = _number(container.get("duration")) or 0.0
    duration = _number(video.get("duration")) or whole - offset
    if not 0 < duration <= limits.max_duration_seconds:
        duration = scan_duration(
            path, int(video["index"]), _rate(video), limits=limits, patience=patience
        )
    return duration, offset


def _info(
    video: Stream,
    audio: Stream | None,
    container: Stream,
    duration: float,
    offset: float,
) -> VideoInfo:
    rotation = _rotation(video)
    width, height = int(video["width"]), int(video["height"])
    average, base = _fraction(video.get("avg_frame_rate")), _fraction(video.get("r_frame_rate"))
    return VideoInfo(
        duration_seconds=round(duration, 6),
        width=height if rotation in (90, 270) else width,
        height=width if rotation in (90, 270) else height,
        frame_rate=_rate(video),
        constant_frame_rate=bool(average and base and abs(average / base - 1) < RATE_TOLERANCE),
        container=str(container.get("format_name", "unknown")),
        video_codec=str(video["codec_name"]),
        audio_codec=str(audio["codec_name"]) if audio else None,
        rotation_degrees=rotation,
        start_offset_seconds=offset,
        video_index=int(video["index"]),
        audio_index=int(audio["index"]) if audio else None,
    )


def _rate(video: Stream) -> float:
    rate = _fraction(video.get("avg_frame_rate")) or _fraction(video.get("r_frame_rate"))
    return rate or DEFAULT_FRAME_RATE


def _rotation(video: Stream) -> int:
    """Clockwise, to the nearest quarter turn; ffmpeg counts counter-clockwise."""
    for side_data in video.get("side_data_list", []):
        if "rotation" in side_data:
            return round(-float(side_data["rotation"]) / 90) * 90 % 360
    return round(float(video.get("tags", {}).get("rotate", 0)) / 90) * 90 % 360


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
