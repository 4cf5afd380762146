"""Composing ffmpeg and ffprobe command lines; running them is the sandbox's business."""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from model.inputs.ffmpeg.allowlist import (
    AUDIO_CODECS,
    DEMUXERS,
    OTHER_CODECS,
    PROTOCOLS,
    VIDEO_CODECS,
)
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import LEVELS

Options = dict[str, str | int | float]


def safe_input_options(limits: DecodeLimits) -> Options:
    """Options of an input for both programs: nothing but allowed formats, codecs and sizes."""
    return {
        "protocol_whitelist": ",".join(PROTOCOLS),
        "format_whitelist": ",".join(DEMUXERS),
        "codec_whitelist": ",".join((*VIDEO_CODECS, *AUDIO_CODECS, *OTHER_CODECS)),
        "max_pixels": limits.max_pixels,
    }


def input_url(path: Path) -> str:
    """Absolute and with its protocol, so that no name is taken for an option or an address."""
    return f"file:{path.absolute()}"


def probe_command(path: Path, limits: DecodeLimits, **show: str | None) -> list[str]:
    """ffprobe writing JSON; `show` holds options such as show_streams, None for a bare flag."""
    command = ["ffprobe", "-v", f"{LEVELS}error", "-hide_banner", "-of", "json"]
    for name, value in {**safe_input_options(limits), **show}.items():
        command += [f"-{name}"] if value is None else [f"-{name}", str(value)]
    return [*command, "-i", input_url(path)]


def open_input(
    path: Path,
    limits: DecodeLimits,
    *,
    seek_seconds: float,
    length_seconds: float | None = None,
    threads: int = 1,
) -> ffmpeg.Stream:
    """An input that starts `seek_seconds` after the container's own start time, of a certain
    length or to its end."""
    options = safe_input_options(limits) | {"threads": threads}
    if seek_seconds > 0:
        options["ss"] = f"{seek_seconds:.6f}"
    if length_seconds is not None:
        options["t"] = f"{length_seconds:.6f}"
    return ffmpeg.input(input_url(path), **options)


def compile_command(stream: ffmpeg.Stream, **output: str | int | float) -> list[str]:
    """ffmpeg writing `stream` to its standard output; information goes to standard error.

    Times are the file's own: ffmpeg would otherwise shift them, in some containers by an amount
    that depends on which streams are used.
    """
    sink = ffmpeg.output(stream, "pipe:1", **output)
    command: list[str] = ffmpeg.compile(sink)
    options = ["-v", f"{LEVELS}info", "-hide_banner", "-nostdin", "-nostats", "-copyts"]
    return [command[0], *options, *command[1:]]
