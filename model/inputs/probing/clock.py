"""Clocks that start anew or jump on the way, as where recordings follow each other in one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median

from model.inputs.ffmpeg.commands import continuous_copy
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.packets import Packet, end_of, read_copied_packets, read_packets
from model.inputs.probing.video_info import VideoInfo

# Containers that are made to be cut and joined. `-copyts`, by which times are the file's own, takes
# their clock as it is.
JOINABLE = ("mpegts", "mpeg")
# Frames come in another order than they are shown in, but by less than this.
BACK_SECONDS = 0.5
# The same as ffmpeg's threshold, see -dts_delta_threshold.
FORWARD_SECONDS = 10.0
# A file up to so large is looked through; of a larger one so many pieces.
MAX_WHOLE_BYTES = 32 * 1024**2
PIECES, PIECE_BYTES = 64, 512 * 1024
# Of steps from piece to piece, one so many times as long as is usual is a jump.
UNUSUAL = 4

_TICKS = 90_000
# A header of packetised elementary streams (ISO/IEC 13818-1, 2.4.3.6, or, in MPEG-1's streams,
# 11172-1, 2.4.3.3) up to its time of presentation.
_HEADER = re.compile(
    rb"\x00\x00\x01([\xbd-\xef])..(?:[\x80-\xbf][\x80-\xff].|\xff{0,16}(?:[\x40-\x7f].)?)"
    rb"([\x21-\x3f].{4})",
    re.DOTALL,
)


def follow_jumps(
    path: Path, info: VideoInfo, *, limits: DecodeLimits, deadlines: Deadlines
) -> VideoInfo:
    """The same, unless the file's clock jumps: then the video is that of a copy whose time goes
    on, see `continuous_copy`. Raises what the sandbox raises."""
    if not info.container.startswith(JOINABLE) or not may_jump(path):
        return info
    packets = read_packets(path, None, limits=limits, deadlines=deadlines)
    num_jumps = count_jumps(packet for packet in packets if packet.stream in info.used_streams)
    if num_jumps == 0:
        return info
    copied = read_copied_packets(
        continuous_copy(path, info.video_index, limits), limits=limits, deadlines=deadlines
    )
    timed = [packet for packet in copied if packet.start is not None]
    if not timed:
        return info
    start = min(packet.start for packet in timed if packet.start is not None)
    return replace(
        info,
        duration_seconds=round(end_of(timed, info.frame_rate) - start, 6),
        claimed_seconds=None,
        start_seconds=start,
        start_offset_seconds=0.0,
        seekable=False,
        num_clock_jumps=num_jumps,
    )


def count_jumps(packets: Iterable[Packet]) -> int:
    """How often, in the order of the file, a stream's time goes back, or that of all streams leaps.

    One of them alone may pause for long.
    """
    parts: list[list[float]] = []
    latest: dict[int, tuple[int, float]] = {}  # Stream by stream: the part, and the time in it.
    for packet in packets:
        if packet.decoded is None:
            continue
        part, before = latest.get(packet.stream, (0, packet.decoded))
        if packet.decoded < before - BACK_SECONDS:
            part, before = part + 1, packet.decoded
        latest[packet.stream] = (part, max(before, packet.decoded))
        parts += [[] for _ in range(part + 1 - len(parts))]
        parts[part].append(packet.decoded)
    return max(0, len(parts) - 1) + sum(_count_leaps(sorted(times)) for times in parts)


def _count_leaps(times: list[float]) -> int:
    steps = [after - before for before, after in pairwise(times)]
    usual = median(steps) if steps else 0.0
    return sum(step > max(FORWARD_SECONDS, UNUSUAL * usual) for step in steps)


def may_jump(path: Path) -> bool:
    """Whether it is worth reading all packets: from the times in headers here and there."""
    pieces: dict[int, list[tuple[float, float]]] = {}
    for piece in _pieces(path):
        for stream, times in _times(piece).items():
            if any(not _follows(a, b) for a, b in pairwise(times)):
                return True
            pieces.setdefault(stream, []).append((min(times), max(times)))
    return any(_leaps(spans) for spans in pieces.values())


def _follows(before: float, after: float) -> bool:
    return before - BACK_SECONDS <= after <= before + FORWARD_SECONDS


def _leaps(spans: list[tuple[float, float]]) -> bool:
    steps = [after[0] - before[1] for before, after in pairwise(spans)]
    usual = median(steps) if steps else 0.0
    return any(not -BACK_SECONDS <= s <= FORWARD_SECONDS + UNUSUAL * max(usual, 0) for s in steps)


def _pieces(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= MAX_WHOLE_BYTES:
            yield file.read()
            return
        for number in range(PIECES):
            file.seek(number * (size - PIECE_BYTES) // (PIECES - 1))
            yield file.read(PIECE_BYTES)


def _times(piece: bytes) -> dict[int, list[float]]:
    """Seconds of presentation in order of the file, by the stream's number in its container."""
    found: dict[int, list[float]] = {}
    for match in _HEADER.finditer(piece):
        (stream,), time = match.groups()
        first, second, third, fourth, fifth = time
        ticks = (first >> 1 & 7) << 30 | second << 22 | third >> 1 << 15 | fourth << 7 | fifth >> 1
        found.setdefault(stream, []).append(ticks / _TICKS)
    return found
