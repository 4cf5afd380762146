"""Importing what a service is made of, sooner."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager


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
