"""StandardInput: this process's standard input, passed on to one program after another."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import IO

_CHUNK_BYTES = 64 * 1024


class StandardInput:
    """What was read before `settle` is passed on again to the next program: it may turn out that
    the first one asked for a sound that there is not."""

    def __init__(self) -> None:
        self._remembered: list[bytes] | None = []

    def feed(self, sink: IO[bytes]) -> None:
        """Begins to pass it on, in a thread that ends with the input or with the program."""
        threading.Thread(target=self._feed, args=(sink,), name="stdin", daemon=True).start()

    def settle(self) -> None:
        """No other program will follow."""
        self._remembered = None

    def _feed(self, sink: IO[bytes]) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError), sink:
            for chunk in list(self._remembered or ()):
                sink.write(chunk)
            while chunk := os.read(sys.stdin.fileno(), _CHUNK_BYTES):
                if self._remembered is not None:
                    self._remembered.append(chunk)
                sink.write(chunk)
