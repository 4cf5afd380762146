"""A timeline as a table, as CSV, and as subtitles."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.inference.classification import TimelineEntry

CSV_COLUMNS = ("video", "start_seconds", "end_seconds", "label", "index", "score")


def as_table(entries: Sequence[TimelineEntry]) -> str:
    """From, to, score and label, a line each."""
    return "\n".join(
        f"  {clock(entry.start_seconds)} - {clock(entry.end_seconds)}  {entry.score:6.1%}"
        f"  {entry.label or 'unknown'}"
        for entry in entries
    )


def as_csv(video: str, entries: Sequence[TimelineEntry], *, header: bool) -> str:
    """Rows by CSV_COLUMNS; an unknown label is empty."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    if header:
        writer.writerow(CSV_COLUMNS)
    for entry in entries:
        index = "" if entry.index is None else entry.index
        times = f"{entry.start_seconds:.3f}", f"{entry.end_seconds:.3f}"
        writer.writerow((video, *times, entry.label or "", index, f"{entry.score:.4f}"))
    return sink.getvalue().rstrip("\n")


def as_srt(entries: Sequence[TimelineEntry]) -> str:
    """SubRip subtitles: the label at its time; nothing where it is unknown."""
    known = [entry for entry in entries if entry.label is not None]
    return "\n".join(
        f"{number}\n{_srt(entry.start_seconds)} --> {_srt(entry.end_seconds)}\n"
        f"{entry.label} ({entry.score:.0%})\n"
        for number, entry in enumerate(known, start=1)
    )


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:d}:{minutes:02d}:{rest:05.2f}"


def _srt(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
