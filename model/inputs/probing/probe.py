"""Probing: what a file is, before anything of it is decoded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from model.common.errors import (
    EmptyUploadError,
    FrameTooLargeError,
    UndecodableVideoError,
    VideoTooLongError,
)
from model.inputs.ffmpeg.allowlist import UNHEARD_CODECS
from model.inputs.ffmpeg.commands import codec_whitelist, probe_command
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import (
    frame_too_large,
    mentions_large_frame,
    not_opened_error,
    unlisted_codec,
)
from model.inputs.ffmpeg.sandbox import Deadlines, Finished, run_sandboxed
from model.inputs.probing.clock import follow_jumps
from model.inputs.probing.streams import (
    HDR_TRANSFERS,
    Stream,
    audio_stream,
    coded_size,
    frame_rate,
    has_alpha,
    has_constant_rate,
    pixel_aspect,
    rotation_degrees,
    unheard_codec,
    video_stream,
)
from model.inputs.probing.times import StreamTimes, stream_times
from model.inputs.probing.video_info import VideoInfo

MAX_PROBE_BYTES = 4 * 1024**2
# Where ffprobe has no average rate it repeats the base rate, as if a frame came at every tick.
UNKNOWN_RATES = ("nut",)
# Streams may begin late: frames or sound that come within a minute are waited for. Files that say
# what they hold are not read further for it.
PATIENT = {"analyzeduration": str(60 * 10**6), "probesize": str(50 * 10**6)}
# Nothing is decoded to learn what headers leave out.
_WITH_UNHEARD = {"codec_whitelist": codec_whitelist(UNHEARD_CODECS), "nofind_stream_info": None}


def probe(path: Path, *, limits: DecodeLimits, deadlines: Deadlines) -> VideoInfo:
    """Ask ffprobe what `path` is.

    Raises:
        EmptyUploadError, UndecodableVideoError, NoVideoStreamError, UnsupportedCodecError,
        FrameTooLargeError, VideoTooLongError: the file is, or says, what the name tells.
        DecodeTimeoutError, DeadlineExceededError: see Deadlines.
    """
    if path.stat().st_size == 0:
        raise EmptyUploadError("the file is empty")
    document, errors = _ask(path, limits, deadlines)
    streams, container = document.get("streams", []), document.get("format", {})
    video = video_stream(streams)
    _check_frame(video, errors, limits)
    times = stream_times(path, video, container, limits=limits, deadlines=deadlines)
    audio = audio_stream(streams, video, document.get("programs", []))
    info = _info(streams, video, audio, container, times)
    info = follow_jumps(path, info, limits=limits, deadlines=deadlines)
    _check_duration(info.duration_seconds, limits)
    return info


def _ask(path: Path, limits: DecodeLimits, deadlines: Deadlines) -> tuple[dict[str, Any], str]:
    """ffprobe's document, and its error messages. Sound that is not decoded costs no picture."""
    document, finished = _answer(path, limits, deadlines)
    if document is None and unlisted_codec(finished.errors) in UNHEARD_CODECS:
        document, finished = _answer(path, limits, deadlines, **_WITH_UNHEARD)
    if document is None:
        raise not_opened_error(finished.errors, path, limits)
    return document, finished.errors


def _answer(
    path: Path, limits: DecodeLimits, deadlines: Deadlines, **options: str | None
) -> tuple[dict[str, Any] | None, Finished]:
    """None where the file cannot be opened."""
    shown = {"show_format": None, "show_streams": None, "show_programs": None}
    finished = run_sandboxed(
        probe_command(path, limits, **shown, **PATIENT, **options),
        limits=limits,
        deadlines=deadlines,
        max_output_bytes=MAX_PROBE_BYTES,
    )
    try:
        document: dict[str, Any] = json.loads(finished.output or b"{}")
    except ValueError:
        document = {}
    is_opened = finished.status == 0 and "format" in document
    return document if is_opened else None, finished


def _check_frame(video: Stream, errors: str, limits: DecodeLimits) -> None:
    width, height = coded_size(video)
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


def _info(
    streams: list[Stream],
    video: Stream,
    audio: Stream | None,
    container: Stream,
    times: StreamTimes,
) -> VideoInfo:
    name, rotation = str(container.get("format_name", "unknown")), rotation_degrees(video)
    width, height = coded_size(video)
    width = max(1, round(width * pixel_aspect(video)))
    return VideoInfo(
        duration_seconds=round(times.duration, 6),
        claimed_seconds=round(times.claimed, 6),
        width=height if rotation in (90, 270) else width,
        height=width if rotation in (90, 270) else height,
        frame_rate=frame_rate(video),
        constant_frame_rate=has_constant_rate(video) and name not in UNKNOWN_RATES,
        container=name,
        video_codec=str(video["codec_name"]),
        audio_codec=str(audio["codec_name"]) if audio else None,
        rotation_degrees=rotation,
        start_offset_seconds=times.offset,
        start_seconds=times.start,
        seekable=times.is_timed,
        video_index=int(video["index"]),
        audio_index=int(audio["index"]) if audio else None,
        is_hdr=video.get("color_transfer") in HDR_TRANSFERS,
        has_alpha=has_alpha(video),
        unheard_codec=unheard_codec(streams) if audio is None else None,
        audio_channels=int(audio.get("channels") or 0) if audio else 0,
    )
