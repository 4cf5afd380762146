"""PeakMemory: what a server's process and its children hold, at its most."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Self

from benchmarks.traffic.holding import children_of

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY_SECONDS = 0.03


class PeakMemory:
    """Resident bytes of the process and, together, of all its children, while in its context."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.service = self.children = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            self.service = max(self.service, resident_bytes(self._pid))
            self.children = max(self.children, sum(map(resident_bytes, decoders_of(self._pid))))
            time.sleep(_EVERY_SECONDS)


def decoders_of(pid: int) -> list[int]:
    """Children that are programs of their own: until then they share their parent's memory."""
    own = _command(pid)
    return [child for child in children_of(pid) if _command(child) not in (own, b"")]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def resident_bytes(pid: int) -> int:
    """0 for one that has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0
