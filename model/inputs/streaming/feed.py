"""Feed: what a program reads on its standard input: ours, or a file that is being written."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

STANDARD_INPUT = "-"
_CHUNK_BYTES = 64 * 1024
_POLL_SECONDS = 0.1


class Feed:
    """What was read before `settle` is passed on again to the next program: it may turn out that
    the first one asked for a sound that there is not."""

    def __init__(self, source: str, stopped: threading.Event) -> None:
        """`source`: "-" or a file's path."""
        self._source, self._stopped = source, stopped
        self._remembered: list[bytes] | None = []

    def into(self, sink: IO[bytes]) -> None:
        """Begins to pass it on, in a thread that ends with the input or with the program."""
        threading.Thread(target=self._pass_on, args=(sink,), name="feed", daemon=True).start()

    def settle(self) -> None:
        """No other program will follow, on the same input."""
        self._remembered = None

    def _pass_on(self, sink: IO[bytes]) -> None:
        is_ours = self._source == STANDARD_INPUT
        with contextlib.suppress(BrokenPipeError, ValueError), sink:
            for chunk in self._ours() if is_ours else self._growing():
                sink.write(chunk)

    def _ours(self) -> Iterator[bytes]:
        yield from list(self._remembered or ())
        while chunk := os.read(sys.stdin.fileno(), _CHUNK_BYTES):
            if self._remembered is not None:
                self._remembered.append(chunk)
            yield chunk

    def _growing(self) -> Iterator[bytes]:
        """ffmpeg can follow a file by itself, but may then wait for ever while it opens it."""
        with Path(self._source).open("rb") as file:
            while not self._stopped.is_set():
                if chunk := file.read(_CHUNK_BYTES):
                    yield chunk
                else:
                    self._stopped.wait(_POLL_SECONDS)


def is_fed(source: str) -> bool:
    """Whether ffmpeg gets it by its standard input instead of opening it."""
    is_address = "://" in source
    return source == STANDARD_INPUT or not (is_address or source.startswith("/dev/"))
