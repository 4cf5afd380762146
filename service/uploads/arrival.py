"""UploadPlaces: bodies that are arriving, so that slow ones cannot keep out the others.

A body needs no place before a certain amount of it is there, which one that drips never reaches.
Where all places are taken, one that has shown its speed gets that of a much slower one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request

from service.problems.errors import OverloadedError, UploadTooSlowError

# So much may wait in memory without a place.
FREE_BYTES = 64 * 1024
# Bodies without a place, for each place; they hold a connection and a little memory.
_BEGINNINGS_PER_PLACE = 16
_MUCH_FASTER = 4.0
# Before that much time no speed can be told.
_MIN_SECONDS = 0.05

Overloaded = Callable[[str], OverloadedError]


@dataclass(frozen=True, slots=True)
class Pace:
    """A body is waited for `grace_seconds`, anew for as much time as its bytes are worth."""

    bytes_per_second: int
    grace_seconds: float


class UploadPlaces:
    """Belongs to one event loop. `overloaded` makes the refusal of what it says."""

    def __init__(self, max_uploads: int, *, pace: Pace, overloaded: Overloaded) -> None:
        self._max_uploads = max_uploads
        self._pace = pace
        self._overloaded = overloaded
        self._placed: set[Arrival] = set()
        self._beginning: set[Arrival] = set()

    @contextmanager
    def arriving(self) -> Iterator[Arrival]:
        """A body, from its head to its end."""
        self._make_room_at_the_beginning()
        arrival = Arrival(self._pace, self._take)
        self._beginning.add(arrival)
        try:
            yield arrival
        finally:
            self._beginning.discard(arrival)
            self._placed.discard(arrival)

    @property
    def num_bytes(self) -> int:
        """Of all that arrive."""
        return sum(arrival.num_bytes for arrival in self._beginning | self._placed)

    def _make_room_at_the_beginning(self) -> None:
        if len(self._beginning) >= self._max_uploads * _BEGINNINGS_PER_PLACE:
            slowest = min(self._beginning, key=Arrival.bytes_per_second)
            self._displace(slowest, "bodies of many requests are waited for")

    def _take(self, arrival: Arrival) -> None:
        if arrival in self._placed:
            return
        if len(self._placed) >= self._max_uploads:
            slowest = min(self._placed, key=Arrival.bytes_per_second)
            if slowest.bytes_per_second() * _MUCH_FASTER > arrival.bytes_per_second():
                raise self._overloaded(f"{len(self._placed)} uploads are under way")
            self._displace(slowest, "another upload came much faster, and places are few")
        self._beginning.discard(arrival)
        self._placed.add(arrival)

    def _displace(self, arrival: Arrival, detail: str) -> None:
        self._beginning.discard(arrival)
        self._placed.discard(arrival)
        arrival.end(self._overloaded(detail))


class Arrival:
    """One body: how fast it comes, and for how long it is still waited for."""

    def __init__(self, pace: Pace, take: Callable[[Arrival], None]) -> None:
        self._pace = pace
        self._take = take
        self._begin = time.monotonic()
        self._num_bytes = 0
        self._patience = pace.grace_seconds
        self._waiting: asyncio.Timeout | None = None
        self._error: OverloadedError | None = None

    def bytes_per_second(self) -> float:
        """Since its head, on average."""
        return self._num_bytes / max(time.monotonic() - self._begin, _MIN_SECONDS)

    @property
    def num_bytes(self) -> int:
        """So many have come."""
        return self._num_bytes

    def take_place(self) -> None:
        """Raises OverloadedError where there is none to be had, or it was given to another."""
        if self._error is not None:
            raise self._error
        self._take(self)

    def end(self, error: OverloadedError) -> None:
        """Have `chunks` raise it, at once where it waits."""
        self._error = error
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def chunks(self, request: Request) -> AsyncIterator[bytes]:
        """The body as it comes. Time that is not spent waiting for the client does not count.

        Raises:
            UploadTooSlowError: it came slower than the pace for all of the grace.
            OverloadedError: it was displaced.
            ClientDisconnect: the client left.
        """
        stream = aiter(request.stream())
        while (chunk := await self._next(stream)) is not None:
            yield chunk

    async def _next(self, stream: AsyncIterator[bytes]) -> bytes | None:
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._patience) as self._waiting:
                chunk = await anext(stream, None)
        except TimeoutError:
            if self._waiting is None or not self._waiting.expired():
                raise
            raise self._error or self._too_slow() from None
        finally:
            self._waiting = None
        if self._error is not None:
            raise self._error
        self._count(time.monotonic() - start, len(chunk or b""))
        return chunk

    def _count(self, waited_seconds: float, num_bytes: int) -> None:
        self._num_bytes += num_bytes
        earned = num_bytes / self._pace.bytes_per_second
        left = self._patience - waited_seconds + earned
        self._patience = min(self._pace.grace_seconds, left)

    def _too_slow(self) -> UploadTooSlowError:
        return UploadTooSlowError(
            f"the body came slower than {self._pace.bytes_per_second} bytes a second for"
            f" {self._pace.grace_seconds:g} s, after {self._num_bytes} bytes"
        )
