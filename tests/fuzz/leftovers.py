"""What a server process holds: children, descriptors, threads, uploaded files, memory."""

from __future__ import annotations

import os
import time
from pathlib import Path


def held(server) -> dict[str, int]:
    """Counts of what must not grow."""
    process = Path(f"/proc/{server.process.pid}")
    return {
        "children": sum(len((task / "children").read_text().split()) for task in tasks(process)),
        "descriptors": len(list((process / "fd").iterdir())),
        "threads": len(tasks(process)),
        "files": len(server.files()),
    }


def tasks(process: Path) -> list[Path]:
    return list((process / "task").iterdir())


def resident_bytes(server) -> int:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def settled(server, seconds: float = 10.0) -> dict[str, int]:
    """`held` once idle connections are closed and nothing has changed for a second."""
    server.client.close()
    server.client = type(server.client)(base_url=server.url, timeout=60)
    end, last, since = time.monotonic() + seconds, held(server), time.monotonic()
    while time.monotonic() < min(end, since + 1):
        time.sleep(0.1)
        now = held(server)
        if now != last:
            last, since = now, time.monotonic()
    return last
