"""Composing ffmpeg and ffprobe command lines; running them is the sandbox's business."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import ffmpeg

from model.common.errors import UnsupportedCodecError
from model.inputs.ffmpeg.allowlist import (
    AUDIO_CODECS,
    DEMUXERS,
    OTHER_CODECS,
    PROTOCOLS,
    VIDEO_CODECS,
)
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import LEVELS
from model.inputs.ffmpeg.programs import programs

Options = dict[str, str | int | float]


def safe_input_options(limits: DecodeLimits) -> Options:
    """Options of an input for both programs: nothing but allowed formats, codecs and sizes."""
    return {
        "protocol_whitelist": ",".join(PROTOCOLS),
        "format_whitelist": ",".join(DEMUXERS),
        "codec_whitelist": codec_whitelist(),
        "max_pixels": limits.max_pixels,
    }


def codec_whitelist(others: Sequence[str] = ()) -> str:
    """What may be opened, and `others`."""
    return ",".join((*VIDEO_CODECS, *AUDIO_CODECS, *OTHER_CODECS, *others))


def input_url(path: Path) -> str:
    """Absolute and with its protocol, so that no name is taken for an option or an address."""
    return f"file:{path.absolute()}"


def probe_command(path: Path | None, limits: DecodeLimits, **show: str | None) -> list[str]:
    """ffprobe writing JSON about a file or, where `path` is None, what comes by standard input;
    `show` holds options such as show_streams, None for a bare flag."""
    command = [programs().ffprobe, "-v", f"{LEVELS}error", "-hide_banner", "-of", "json"]
    options = safe_input_options(limits)
    if path is None:
        options["protocol_whitelist"] = "pipe"
    for name, value in {**options, **show}.items():
        command += [f"-{name}"] if value is None else [f"-{name}", str(value)]
    return [*command, "-i", "pipe:0" if path is None else input_url(path)]


# The last packet before a joint, where it has no time, is given that of the first one after it.
WITHIN_PARTS = "setts=pts=if(gt(abs(PTS-DTS)*TB\\,1)\\,DTS+DURATION\\,PTS)"


def continuous_copy(path: Path, index: int, limits: DecodeLimits) -> list[str]:
    """ffmpeg copying a stream of a file to a NUT stream whose time goes on where the file's clock
    starts anew or jumps.

    Of one stream alone: where packets of several are interleaved at a joint, each of them makes
    ffmpeg move the clock of all.
    """
    # In program streams not every frame has a time of presentation.
    source = open_input(path, limits, seek_seconds=0.0, others={"fflags": "+genpts"})
    # Nobody seeks in it, and the index may break where key frames lie close together.
    copied: Options = {"format": "nut", "codec": "copy", "syncpoints": "none", "strict": -2}
    copied["bsf"] = WITHIN_PARTS
    command = compile_command(source[str(index)], **copied)
    return [word for word in command if word != "-copyts"]


def open_input(
    path: Path,
    limits: DecodeLimits,
    *,
    seek_seconds: float,
    length_seconds: float | None = None,
    threads: int = 1,
    probes_streams: bool = True,
    others: Mapping[str, str] = MappingProxyType({}),
) -> ffmpeg.Stream:
    """An input that starts `seek_seconds` after the container's own start time, of a certain
    length or to its end. `probes_streams`: whether ffmpeg decodes a little to learn what headers
    leave out. `others`: options of ffmpeg, by its names."""
    options: dict[str, str | int | float | None] = {**safe_input_options(limits), **others}
    options["threads"] = threads
    if not probes_streams:
        options["nofind_stream_info"] = None
    if seek_seconds > 0:
        options["ss"] = f"{seek_seconds:.6f}"
    if length_seconds is not None:
        options["t"] = f"{length_seconds:.6f}"
    # The library hashes its arguments as UTF-8, which not every file name is.
    return ffmpeg.input(os.fsencode(input_url(path)).decode("latin-1"), **options)


def av1_commands(
    path: Path, stream_index: int, limits: DecodeLimits, *, seek: float, length: float | None
) -> list[list[str]]:
    """Two programs that write the raw frames of an AV1 stream, with the file's own times, for an
    ffmpeg that cannot decode them.

    Raises:
        UnsupportedCodecError: no library that can is installed.
    """
    library = programs().dav1d
    if library is None:
        raise UnsupportedCodecError(
            "the video codec 'av1' is not supported by this ffmpeg; install the package av"
        )
    source = open_input(path, limits, seek_seconds=seek, length_seconds=length)
    copied: Options = {"format": "ivf", "codec": "copy", "copypriorss": 1}
    copy = compile_command(source[str(stream_index)], **copied)
    program = str(Path(__file__).with_name("av1_decoder.py"))
    decode = [sys.executable, "-I", "-S", program, library, str(limits.max_pixels)]
    return [copy, decode]


def open_pipe(limits: DecodeLimits, container: str = "matroska") -> ffmpeg.Stream:
    """Standard input, as `av1_commands` write it, or in another container."""
    return ffmpeg.input("pipe:0", f=container, max_pixels=limits.max_pixels)


def _as_file_name(before: str, word: str) -> str:
    """What `open_input` made of a file's name, back."""
    return os.fsdecode(word.encode("latin-1")) if before == "-i" else word


def compile_command(*streams: ffmpeg.Stream, **output: str | int | float) -> list[str]:
    """ffmpeg writing `streams` to its standard output; information goes to standard error.

    Times are the file's own: ffmpeg would otherwise shift them, in some containers by an amount
    that depends on which streams are used.
    """
    sink = ffmpeg.output(*streams, "pipe:1", **output)
    compiled: list[str] = ffmpeg.compile(sink, cmd=programs().ffmpeg)
    command = [_as_file_name(before, word) for before, word in pairwise(("", *compiled))]
    options = ["-v", f"{LEVELS}info", "-hide_banner", "-nostdin", "-nostats", "-copyts"]
    # Filters here have little to do: threads among which it is divided cost more than they save.
    options += ["-filter_complex_threads", "1"]
    return [command[0], *options, *command[1:]]
