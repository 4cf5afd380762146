"""How long a stream really is: reading the packets' times, without decoding."""

from __future__ import annotations

from pathlib import Path

from model.errors import UndecodableVideoError
from model.inputs.cage import Patience, run_caged
from model.inputs.complaints import explain
from model.inputs.ffmpeg import probe_command
from model.inputs.limits import DecodeLimits

MAX_SCAN_BYTES = 64 * 1024**2


def scan_duration(
    path: Path, stream_index: int, frame_rate: float, *, limits: DecodeLimits, patience: Patience
) -> float:
    """Seconds from the first packet's presentation to the end of the last one's.

    Packets without times, as in raw streams, count 1 / `frame_rate` each. Raises
    UndecodableVideoError when there is no packet.
    """
    command = probe_command(
        path,
        limits,
        select_streams=str(stream_index),
        show_entries="packet=pts_time,duration_time",
        of="csv=p=0",
    )
    finished = run_caged(command, limits=limits, patience=patience, max_output_bytes=MAX_SCAN_BYTES)
    lines = bytes(finished.output).decode("ascii", "replace").splitlines()
    if not lines:
        raise UndecodableVideoError(f"there is no frame: {explain(finished.errors, path)}")
    spans = [span for line in lines if (span := _span(line, 1 / frame_rate)) is not None]
    if not spans:
        return len(lines) / frame_rate
    return max(end for _, end in spans) - min(start for start, _ in spans)


def _span(line: str, default_duration: float) -> tuple[float, float] | None:
    """`pts,duration` -> (start, end); None where the packet has no time."""
    start, _, duration = line.partition(",")
    try:
        begins = float(start)
    except ValueError:
        return None
    try:
        lasts = float(duration.rstrip(","))
    except ValueError:
        lasts = default_duration
    return begins, begins + lasts
