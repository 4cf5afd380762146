"""Parts: rows in files that are complete or absent, and which videos they already have.

OUTPUT/_batch.json                       what the rows were made with
OUTPUT/part-00002-of-00008-000000.jsonl  the first part of the second of eight shards
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from batch.formats import FORMATS, FormatName
from batch.inputs import Shard
from batch.output_folder import OutputFolder
from batch.rows import Row

# Readers of folders of Parquet pass over what begins so.
IDENTITY_NAME = "_batch.json"
PART_ROWS = 1000
# A killed run loses at most what it did in so long, or its last PART_ROWS rows.
PART_SECONDS = 60.0
_PART_NAME = re.compile(r"(part-\d{5,}-of-\d{5,}-)(\d{6,})\.(\w+)")


class Parts:
    """The rows of one shard; those of the others lie beside them."""

    def __init__(
        self,
        folder: OutputFolder,
        format_name: FormatName,
        shard: Shard | None = None,
        *,
        identity: Mapping[str, Any],
    ) -> None:
        """`identity`: what rows are made with."""
        shard = shard or Shard()
        self._folder, self._format_name = folder, format_name
        self._prefix = f"part-{shard.number:05}-of-{shard.count:05}-"
        self._identity = {"format": format_name, **identity}

    def require_identity(self) -> None:
        """Rows that are there must have been made with the same.

        Raises ValueError naming what differs.
        """
        if not self._part_names():
            return
        if IDENTITY_NAME not in self._folder.names():
            raise ValueError(f"the output has parts, but no {IDENTITY_NAME} that tells of them")
        mine, theirs = self._identity, json.loads(self._folder.read(IDENTITY_NAME))
        differing = [
            f"{name} was {theirs.get(name)!r} and is {mine.get(name)!r}"
            for name in {**mine, **theirs}
            if mine.get(name) != theirs.get(name)
        ]
        if differing:
            raise ValueError(f"the output has rows made otherwise: {'; '.join(differing)}")

    def done(self) -> set[str]:
        """The paths of all rows, those of other shards too: an archive may be divided anew."""
        read = FORMATS[self._format_name].paths
        return {path for name in self._part_names() for path in read(self._folder.read(name))}

    def _part_names(self) -> list[str]:
        return [name for name in self._folder.names() if _PART_NAME.fullmatch(name)]

    @contextmanager
    def writer(self) -> Iterator[PartWriter]:
        """However its context ends, the rows that were added are in a part.

        Raises OSError where another process writes the same shard.
        """
        with self._folder.alone(self._prefix):
            writer = PartWriter(self)
            try:
                yield writer
            finally:
                writer.flush()

    def next_number(self) -> int:
        matches = filter(None, map(_PART_NAME.fullmatch, self._folder.names()))
        numbers = [int(match[2]) for match in matches if match[1] == self._prefix]
        return max(numbers, default=-1) + 1

    def write(self, number: int, rows: list[Row]) -> None:
        """Raises ValueError where another shard has begun with another identity meanwhile."""
        self.require_identity()
        if not self._part_names():
            text = json.dumps(self._identity, indent=1)
            self._folder.write(IDENTITY_NAME, f"{text}\n".encode())
        name = f"{self._prefix}{number:06}.{self._format_name}"
        self._folder.write(name, FORMATS[self._format_name].to_bytes(rows))


class PartWriter:
    """Collects rows until they are worth a file."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows: list[Row] = []
        self._number = parts.next_number()
        self._since = time.monotonic()

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= PART_ROWS or time.monotonic() - self._since >= PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._since = time.monotonic()
        if self._rows:
            self._parts.write(self._number, self._rows)
            self._number, self._rows = self._number + 1, []
