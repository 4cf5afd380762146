"""Deadline: how long one request may still take, shared by everything that works on it."""

from __future__ import annotations

import threading
import time

from model.common.errors import DeadlineExceededError


class Deadline:
    """A point in monotonic time that can also be brought forward to now by `cancel()`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Make every later `check()` fail; for a client that has left."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def remaining(self) -> float:
        """Seconds left, 0 when passed or cancelled."""
        return 0.0 if self.cancelled else max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raise DeadlineExceededError when nothing is left."""
        if self.cancelled:
            raise DeadlineExceededError("the request was cancelled")
        if self.remaining() <= 0:
            raise DeadlineExceededError(f"the request took longer than {self.seconds:g} s")
