"""What the packets of a stream tell without decoding: when frames come, and how long it lasts."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from model.common.errors import UndecodableVideoError
from model.inputs.ffmpeg.commands import probe_command
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import explain
from model.inputs.ffmpeg.sandbox import Deadlines, Finished, run_pipeline, run_sandboxed
from model.inputs.probing.video_info import VideoInfo

MAX_SCAN_BYTES = 64 * 1024**2
# No frame is shown before one that is further down in the file.
FIRST_PACKETS = 32
# The frame on display and its key frame are looked for this far back, and then from the start.
LEADS_SECONDS = (16.0, 64.0, None)
_ASKED = {
    "show_entries": "packet=stream_index,pts_time,dts_time,duration_time,flags",
    "of": "csv=p=0",
}
# A stream without key frames refreshes its frame bit by bit, in about this time.
REFRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Packet:
    """Seconds on the file's own clock; None where the file does not tell."""

    start: float | None
    duration: float | None
    is_key: bool
    stream: int = 0
    decoded: float | None = None  # When it is due for decoding, which is the order of the file.

    @property
    def time(self) -> float | None:
        """Its start, or, where only that is known, when it is due for decoding."""
        return self.decoded if self.start is None else self.start


def scan_duration(
    path: Path, stream_index: int, frame_rate: float, *, limits: DecodeLimits, deadlines: Deadlines
) -> float:
    """Seconds from the first packet's presentation to the end of the last one's.

    Packets without times, as in raw streams, count 1 / `frame_rate` each. Raises
    UndecodableVideoError when there is no packet.
    """
    finished = _ask(path, stream_index, None, limits=limits, deadlines=deadlines)
    num_packets, start, last = 0, math.inf, Packet(-math.inf, None, is_key=False)
    # One by one: there may be millions.
    for packet in _packets(finished):
        num_packets += 1
        if packet.time is not None:
            start, last = min(start, packet.time), max(last, packet, key=_time)
    if num_packets == 0:
        raise UndecodableVideoError(f"there is no frame: {explain(finished.errors, path)}")
    if math.isinf(start):
        return num_packets / frame_rate
    return end_of([last], frame_rate) - start


def end_of(packets: Sequence[Packet], frame_rate: float) -> float:
    """When the last frame goes, in seconds on the packets' clock; one of them must have a time."""
    timed = [(packet.time, packet.duration) for packet in packets if packet.time is not None]
    # Earlier ones may claim to last over a jump of the clock.
    start, duration = max(timed, key=lambda one: one[0])
    return start + (duration or 1 / frame_rate)


def first_start(
    path: Path, stream_index: int, *, limits: DecodeLimits, deadlines: Deadlines
) -> float | None:
    """When, on the file's own clock, the first frame is shown; None where packets have no times."""
    interval = f"%+#{FIRST_PACKETS}"
    packets, _ = _read(path, stream_index, interval=interval, limits=limits, deadlines=deadlines)
    return min((p.start for p in packets if p.start is not None), default=None)


@dataclass(frozen=True, slots=True)
class FrameBefore:
    """When a frame comes, and the key frame that is needed to decode it: seconds of the video's
    time axis."""

    seconds: float
    key_seconds: float


def frame_before(
    path: Path, info: VideoInfo, seconds: float, *, limits: DecodeLimits, deadlines: Deadlines
) -> FrameBefore | None:
    """The frame on display at `seconds` of the video's time axis; None where it cannot be told."""
    shown = None
    for lead in LEADS_SECONDS:
        # From the very start without a seek: one to the first frame may go past its key frame.
        begins_later = lead is not None and seconds > lead
        begin = f"{info.start_seconds + seconds - (lead or 0.0):.6f}" if begins_later else ""
        interval = f"{begin}%{info.start_seconds + seconds:.6f}"
        packets, _ = _read(
            path, info.video_index, interval=interval, limits=limits, deadlines=deadlines
        )
        if _is_reordered(packets):
            # ffprobe stops at the first packet past the end; frames before it may come after it.
            interval = f"{begin}%+#{len(packets) + FIRST_PACKETS}"
            packets, _ = _read(
                path, info.video_index, interval=interval, limits=limits, deadlines=deadlines
            )
        timed = [(p.start - info.start_seconds, p.is_key) for p in packets if p.start is not None]
        shown = max((time for time, _ in timed if time <= seconds), default=None)
        keys = [time for time, is_key in timed if is_key and shown is not None and time <= shown]
        if shown is not None and keys:
            return FrameBefore(shown, max(keys))
    return None if shown is None else FrameBefore(shown, max(0.0, shown - REFRESH_SECONDS))


def _is_reordered(packets: Sequence[Packet]) -> bool:
    starts = [packet.start for packet in packets if packet.start is not None]
    return any(later < earlier for earlier, later in pairwise(starts))


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """When the last frame comes and when it goes, in seconds of the video's time axis."""

    last_frame: float
    end: float


def stream_end(
    path: Path, info: VideoInfo, seconds: float, *, limits: DecodeLimits, deadlines: Deadlines
) -> StreamEnd | None:
    """The end of a stream that is known to last until `seconds`; None: it cannot be told."""
    if info.num_clock_jumps:  # All of its packets were read.
        return StreamEnd(info.duration_seconds - 1 / info.frame_rate, info.duration_seconds)
    begin = info.start_seconds + seconds if seconds > 0 else None
    packets = packets_from(path, info.video_index, begin, limits=limits, deadlines=deadlines)
    starts = [packet.start for packet in packets if packet.start is not None]
    if not starts:
        return None
    end = end_of(packets, info.frame_rate)
    return StreamEnd(max(starts) - info.start_seconds, end - info.start_seconds)


def packets_from(
    path: Path,
    stream_index: int | None,
    seconds: float | None,
    *,
    limits: DecodeLimits,
    deadlines: Deadlines,
) -> list[Packet]:
    """Of a stream, or of all, from the key frame before `seconds` on the file's own clock on; all
    for None. Raises what the sandbox raises."""
    interval = None if seconds is None or seconds <= 0 else f"{seconds:.6f}%"
    packets, _ = _read(path, stream_index, interval=interval, limits=limits, deadlines=deadlines)
    return packets


def read_packets(
    path: Path, stream_index: int | None, *, limits: DecodeLimits, deadlines: Deadlines
) -> list[Packet]:
    """Of a stream, or of all, in the order of the file. Raises what the sandbox raises."""
    packets, _ = _read(path, stream_index, limits=limits, deadlines=deadlines)
    return packets


def read_copied_packets(
    copy: list[str], *, limits: DecodeLimits, deadlines: Deadlines
) -> list[Packet]:
    """Of the first stream that the program `copy` writes. Raises what the sandbox raises."""
    ask = probe_command(None, limits, select_streams="0", **_ASKED)
    finished = run_pipeline(
        [copy, ask], limits=limits, deadlines=deadlines, max_output_bytes=MAX_SCAN_BYTES
    )
    return list(_packets(finished))


def _read(
    path: Path,
    stream_index: int | None,
    *,
    interval: str | None = None,
    limits: DecodeLimits,
    deadlines: Deadlines,
) -> tuple[list[Packet], str]:
    """The packets, all or from the key frame before an interval, and what ffprobe reported."""
    finished = _ask(path, stream_index, interval, limits=limits, deadlines=deadlines)
    return list(_packets(finished)), finished.errors


def _ask(
    path: Path,
    stream_index: int | None,
    interval: str | None,
    *,
    limits: DecodeLimits,
    deadlines: Deadlines,
) -> Finished:
    only = {} if interval is None else {"read_intervals": interval}
    only |= {} if stream_index is None else {"select_streams": str(stream_index)}
    command = probe_command(path, limits, **_ASKED, **only)
    return run_sandboxed(
        command, limits=limits, deadlines=deadlines, max_output_bytes=MAX_SCAN_BYTES
    )


def _packets(finished: Finished) -> Iterator[Packet]:
    """Line by line; all lines as strings would take several times the memory of the output."""
    for line in io.BytesIO(finished.output):
        if words := line.split():
            yield _packet(words[0].decode("ascii", "replace"))


def _time(packet: Packet) -> float:
    return -math.inf if packet.time is None else packet.time


def _packet(line: str) -> Packet:
    """`stream,pts,dts,duration,flags` and sometimes more; what ffprobe does not know is N/A."""
    stream, start, decoded, duration, flags = [*line.split(","), "", "", "", ""][:5]
    return Packet(
        _number(start),
        _number(duration),
        flags.startswith("K"),
        int(stream) if stream.isdecimal() else 0,
        _number(decoded),
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
