"""Tuning of a process: importing sooner, and memory that stays small under many threads."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

# glibc's numbers, see mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
# Threads that allocate at once; each of glibc's arenas keeps what its threads once needed. With a
# single one the threads that compile networks wait for each other, and a start takes 0.7 s longer.
ARENAS = 2
# Larger pieces come from the system and go back at once, which costs clearing their pages: a
# clip's frames are worth that, the networks' inputs are not.
MMAP_BYTES = 4 * 1024**2
# Free memory at the top beyond this goes back to the system.
TRIM_BYTES = 8 * 1024**2


def keep_memory_small() -> None:
    """Has glibc share arenas among threads and give memory back; elsewhere it does nothing.

    By default every thread gets an arena of its own, and a service that frees a clip's frames
    in another thread than the one that read them stays as large as all of them at their largest.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
        mallopt(_M_MMAP_THRESHOLD, MMAP_BYTES)
        mallopt(_M_TRIM_THRESHOLD, TRIM_BYTES)


def give_memory_back() -> None:
    """What was freed in the middle of an arena, which no threshold sees, goes to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def quick_imports() -> Iterator[None]:
    """For imports alone: what they make lives as long as the process, so no garbage is sought
    among it, now or later. NumPy's threads, which a start waits for and nothing here uses, are
    left out unless the environment asks for them.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
