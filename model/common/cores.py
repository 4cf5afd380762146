"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")

_limits: list[int] = []


def limit_cores(count: int) -> None:
    """From now on this process uses no more, so that others beside it have theirs."""
    _limits[:] = [count]


def num_cores(cgroup: Path = CGROUP) -> int:
    """Not those of the machine: a batch system may have granted fewer, a container less time."""
    granted = min([len(os.sched_getaffinity(0)), *_limits])
    quota = _quota(cgroup)
    return granted if quota is None else max(1, min(granted, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """Cores' worth of time that the container may use; None: any."""
    try:
        limit, period = _second_version(cgroup) or _first_version(cgroup)
        return None if limit == "max" or int(limit) <= 0 else int(limit) / int(period)
    except (OSError, ValueError):
        return None


def _second_version(cgroup: Path) -> tuple[str, str] | None:
    file = cgroup / "cpu.max"
    if not file.exists():
        return None
    limit, period = file.read_text().split()
    return limit, period


def _first_version(cgroup: Path) -> tuple[str, str]:
    folder = cgroup / "cpu"
    return (folder / "cpu.cfs_quota_us").read_text(), (folder / "cpu.cfs_period_us").read_text()
