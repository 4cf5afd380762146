"""Working ahead: an iterator's next few items, made in a thread while earlier ones are used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


class Ahead(Generic[T]):
    """The items of `source`, of which at most `size` wait. The thread that makes them closes it."""

    def __init__(self, source: Generator[T, None, None], size: int) -> None:
        self._source = source
        self._waiting: queue.Queue[T | _End] = queue.Queue(size)
        self._is_wanted = threading.Event()
        self._is_wanted.set()
        self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)
        self._thread.start()

    def ready(self, most: int) -> list[T]:
        """The next item, waited for, and those after it that are there already, `most` in all;
        none at the end. Raises what the source raises."""
        items: list[T] = []
        while len(items) < most:
            try:
                item = self._waiting.get(block=not items)
            except queue.Empty:
                break
            if isinstance(item, _End):
                self._waiting.put(item)  # For the next call.
                if item.error is not None and not items:
                    raise item.error
                break
            items.append(item)
        return items

    def close(self) -> None:
        """Nothing more is made; returns once the thread has ended."""
        self._is_wanted.clear()
        self._thread.join()

    def _work(self) -> None:
        try:
            # Left to the garbage collector, what the source holds would be let go of much later,
            # and by any thread.
            with closing(self._source):
                for item in self._source:
                    if not self._offer(item):
                        return
            self._offer(_End())
        except BaseException as error:  # It is raised where the items are used.
            self._offer(_End(error))

    def _offer(self, item: T | _End) -> bool:
        while self._is_wanted.is_set():
            try:
                self._waiting.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False


@contextmanager
def working_ahead(source: Generator[T, None, None], size: int) -> Iterator[Ahead[T]]:
    """Leaving the context ends the work; the source's own context is left in its thread."""
    ahead = Ahead(source, size)
    try:
        yield ahead
    finally:
        ahead.close()
