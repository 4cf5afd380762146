"""Lists of videos: one a line, or the path column of CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from batch.places import read_bytes, suffix_of

COLUMN = "path"
# Of a manifest's rows that are stretches of a video; here a file is classified whole.
STRETCH_COLUMNS = ("start_seconds", "end_seconds")
Row = Mapping[str, Any]


def read_list(place: str) -> list[str]:
    """Paths as they are written, in the file's order.

    Raises:
        OSError: the file cannot be read.
        ValueError: a row has no path, or asks for a stretch of a video.
    """
    content = read_bytes(place)
    reader = _READERS[suffix_of(place)]
    return [_path(row, f"{place}, row {number}") for number, row in enumerate(reader(content), 1)]


def _path(row: Row, where: str) -> str:
    path = row.get(COLUMN)
    if not isinstance(path, str) or not path:
        raise ValueError(f"{where}: {COLUMN} is {path!r}; the path of a video is needed there")
    for name in STRETCH_COLUMNS:
        if row.get(name) not in (None, ""):
            raise ValueError(
                f"{where}: {name} is {row[name]!r}, but files are classified whole; leave"
                f" {' and '.join(STRETCH_COLUMNS)} out"
            )
    return path


def _text(content: bytes) -> str:
    """Names need not be UTF-8; tools on Windows begin a file with a mark."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _lines(content: bytes) -> Iterator[Row]:
    for line in _text(content).split("\n"):
        if path := line.rstrip("\r"):
            yield {COLUMN: path}


def _csv(content: bytes) -> Iterator[Row]:
    yield from csv.DictReader(io.StringIO(_text(content), newline=""))


def _json_lines(content: bytes) -> Iterator[Row]:
    for number, line in enumerate(_text(content).split("\n"), 1):
        if not line.strip():
            continue
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is no JSON object: {line[:80]!r}")
        yield row


def _parquet(content: bytes) -> Iterator[Row]:
    import pyarrow.parquet

    names = pyarrow.parquet.read_schema(io.BytesIO(content)).names
    wanted = [name for name in (COLUMN, *STRETCH_COLUMNS) if name in names]
    rows: list[Row] = pyarrow.parquet.read_table(io.BytesIO(content), columns=wanted).to_pylist()
    yield from rows


_READERS: dict[str, Callable[[bytes], Iterator[Row]]] = {
    ".txt": _lines,
    ".lst": _lines,
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
LIST_SUFFIXES = frozenset(_READERS)
