"""The commands that decode the frames of several runs in one process."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import ffmpeg

from model.inputs.ffmpeg.commands import (
    av1_commands,
    compile_command,
    continuous_copy,
    open_input,
    open_pipe,
)
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import decoders_of, has_software_av1, programs
from model.inputs.frames.showinfo import shown_by
from model.inputs.placement.runs import Run, select_expression
from model.inputs.probing.video_info import VideoInfo

# Wider than this, the middle is taken before scaling: the output's size stays bounded.
MAX_ASPECT = 2
MAX_TICK_SECONDS = 1.0
SCALING = "bilinear+accurate_rnd+bitexact"
# ffmpeg's own decoders of these leave out what is transparent.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# What is brighter than a usual screen can show is mapped to what it can.
TO_BT709 = {
    "out_primaries": "bt709",
    "out_transfer": "bt709",
    "intent": "relative_colorimetric",
}


def scaled_size(info: VideoInfo, short_side: int) -> tuple[int, int]:
    """(width, height) of decoded frames: the aspect is kept, up to MAX_ASPECT.

    1920x1080 at a short side of 256 gives 456x256; 1000x100 gives 512x256. The width is even: with
    an odd one ffmpeg interpolates colours pixel by pixel, and all of decoding takes a sixth longer.
    """
    width = min(info.width, MAX_ASPECT * info.height)
    height = min(info.height, MAX_ASPECT * info.width)
    scale = short_side / min(width, height)
    half_width = max(ceil(short_side / 2), round(width * scale / 2))
    return 2 * half_width, max(short_side, round(height * scale))


def frames_commands(
    path: Path,
    info: VideoInfo,
    short_side: int,
    runs: Sequence[Run],
    *,
    limits: DecodeLimits,
    threads: int,
) -> list[list[str]]:
    """ffmpeg writing the runs' frames, RGB of `scaled_size`, run after run, and their times to the
    log, see `shown_times`. Before it the programs, if any, from which it reads a single run.

    Raises UnsupportedCodecError where AV1 cannot be decoded here.
    """
    if needs_av1_decoder(info):
        (run,) = runs
        seek, length = _range(info, run)
        # Of a raw stream, whose packets have no times, all is read.
        length_or_all = length if info.seekable else None
        before = av1_commands(path, info.video_index, limits, seek=seek, length=length_or_all)
        inputs = [open_pipe(limits)["v"]]
    elif info.num_clock_jumps:
        before = [continuous_copy(path, info.video_index, limits)]
        inputs = [open_pipe(limits, "nut")["0"]]
    else:
        before = []
        inputs = [_input(path, info, run, limits, threads) for run in runs]
    parts = [
        _frames(stream, info, short_side, run, number)
        for number, (stream, run) in enumerate(zip(inputs, runs, strict=True))
    ]
    command = compile_command(
        parts[0] if len(parts) == 1 else ffmpeg.filter(parts, "concat", n=len(parts)),
        format="rawvideo",
        pix_fmt="rgb24",
        fps_mode="passthrough",
        # The frames' own clock: on a coarser one, two of them may fall on the same time.
        enc_time_base=-1,
        **{"frames:v": sum(run.max_frames for run in runs)},
    )
    return [*before, command]


def needs_av1_decoder(info: VideoInfo) -> bool:
    """Whether the frames come by way of a program of their own, a run at a time."""
    return info.video_codec == "av1" and not has_software_av1(programs().ffmpeg)


def _range(info: VideoInfo, run: Run) -> tuple[float, float]:
    """Seconds after the container's start to seek to, and how many to read from there: a frame
    more, as ffmpeg rounds to the stream's ticks, which in AVI are as long as frames."""
    begin = info.start_offset_seconds + run.begin_seconds
    seek = begin if run.begin_seconds > 0 else 0.0
    end = begin + run.length_seconds + min(MAX_TICK_SECONDS, 1 / info.frame_rate)
    return seek, end - seek


def misses_alpha(info: VideoInfo) -> bool:
    """Whether the decoder that knows what is transparent is missing from this ffmpeg."""
    needed = ALPHA_DECODERS.get(info.video_codec)
    return info.has_alpha and needed is not None and needed not in decoders_of(programs().ffmpeg)


def _input(
    path: Path, info: VideoInfo, run: Run, limits: DecodeLimits, threads: int
) -> ffmpeg.Stream:
    seek, length = _range(info, run)
    knows_alpha = info.has_alpha and not misses_alpha(info)
    decoder = ALPHA_DECODERS.get(info.video_codec) if knows_alpha else None
    stream = open_input(
        path,
        limits,
        seek_seconds=seek,
        length_seconds=length,
        threads=threads,
        others={"c:v": decoder} if decoder else {},
    )
    return stream[str(info.video_index)]


def _frames(
    stream: ffmpeg.Stream, info: VideoInfo, short_side: int, run: Run, number: int
) -> ffmpeg.Stream:
    """Its frames leave scaled and as RGB, so that one run after another changes nothing."""
    stream = stream.filter("select", select_expression(run, info.start_seconds))
    # What coders write about themselves into key frames, by kilobytes, would fill the log.
    stream = stream.filter("sidedata", mode="delete", type="SEI_UNREGISTERED")
    stream = stream.filter(shown_by(number), checksum=0)
    if max(info.width, info.height) > MAX_ASPECT * min(info.width, info.height):
        widest, highest = f"min(iw,{MAX_ASPECT}*ih/sar)", f"min(ih,{MAX_ASPECT}*iw*sar)"
        stream = stream.filter("crop", widest, highest)
    if info.has_alpha:
        stream = _on_white(stream)
    width, height = scaled_size(info, short_side)
    colours = TO_BT709 if info.is_hdr else {}
    stream = stream.filter("scale", width, height, flags=SCALING, **colours)
    return stream.filter("format", "rgb24").filter("setsar", 1)


def _on_white(stream: ffmpeg.Stream) -> ffmpeg.Stream:
    """Before scaling, which would mix what is hidden into what is seen."""
    both = (
        stream.filter("scale", flags=SCALING).filter("format", "rgba").filter_multi_output("split")
    )
    white = both[0].filter("lutrgb", r=255, g=255, b=255, a=255)
    return ffmpeg.filter([white, both[1]], "overlay", format="rgb")
