"""What a running service holds: memory, children, descriptors, threads, files; and what it took."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from service.jobs.jobs import DATABASE_NAME

_POLL_SECONDS = 0.1
# So long nothing must have changed.
_CALM_SECONDS = 1.0
# More than a process has threads for the disk and the database.
_AT_ONCE, _QUICK_REQUESTS = 32, 128


@dataclass(frozen=True, slots=True)
class Holding:
    """`files` are of uploads and jobs; `anonymous_bytes` of the process and its children."""

    children: int
    descriptors: int
    threads: int
    files: int
    anonymous_bytes: int


def holding(pid: int, folder: Path) -> Holding:
    """Now. `folder`: where all files of the service lie."""
    process = Path(f"/proc/{pid}")
    files = (path for path in folder.rglob("*") if path.is_file())
    return Holding(
        children=len(children_of(pid)),
        descriptors=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
        files=sum(not path.name.startswith(DATABASE_NAME) for path in files),
        anonymous_bytes=anonymous_bytes(pid),
    )


def at_rest(pid: int, folder: Path, *, seconds: float) -> Holding:
    """As soon as it works on nothing and all but memory has stayed the same for a while, or after
    `seconds`."""
    end, since = time.monotonic() + seconds, time.monotonic()
    last = holding(pid, folder)
    while time.monotonic() < min(end, since + _CALM_SECONDS):
        time.sleep(_POLL_SECONDS)
        now = holding(pid, folder)
        # A file alone: its client left, and its thread has not noticed yet.
        if _counts(now) != _counts(last) or now.children or now.files:
            since = time.monotonic()
        last = now
    return last


def fill_pools(url: str, *, seconds: float = 30.0) -> None:
    """Has the service start all threads and connections that it starts when it first needs them
    and then keeps; otherwise its first busy moment would look like a leak.

    Raises TimeoutError where it takes no jobs in time.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=url, timeout=seconds, limits=limits) as client:
        end = time.monotonic() + seconds
        while client.get("/jobs").status_code != 200:
            if time.monotonic() > end:
                raise TimeoutError(f"{url} takes no jobs")
            time.sleep(_POLL_SECONDS)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda _: client.get("/jobs"), range(_QUICK_REQUESTS)))


def _counts(held: Holding) -> tuple[int, ...]:
    return held.children, held.descriptors, held.threads, held.files


def anonymous_bytes(pid: int) -> int:
    """Of a process and what it started. Mapped files are left out: how much of them counts as ours
    depends on what else runs on the machine."""
    return _bytes_of(pid, "Pss_Anon:")


def resident_bytes(pid: int) -> int:
    """Of a process and what it started, shared pages divided among those that share them."""
    return _bytes_of(pid, "Pss:")


def children_of(pid: int) -> list[int]:
    """Those that any of its threads started and that still exist, zombies included."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        pass  # It, or one of its threads, has ended.
    return [int(child) for child in found]


def processor_seconds(pid: int) -> float:
    """Of the process and those of its children that have ended; 0 for one that is not there."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def stolen_seconds() -> float:
    """Of this machine's processors, given to other machines on the same hardware."""
    total = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(total[8]) / os.sysconf("SC_CLK_TCK")


def _bytes_of(pid: int, entry: str) -> int:
    total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        lines = [line for line in rollup.splitlines() if line.startswith(entry)]
        total += sum(int(line.split()[1]) for line in lines)
        waiting += children_of(one)
    return total * 1024
