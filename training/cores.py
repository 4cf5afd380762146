"""How many cores this process may use."""

from __future__ import annotations

import os


def num_cores() -> int:
    """Not those of the machine: a container or a batch system may have granted fewer."""
    return len(os.sched_getaffinity(0))
