"""Admission: how many uploads, how many classifications, how many waiting; the rest gets a 429."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from model.common.deadline import Deadline
from service.degrading import level_of
from service.observability.metrics import ServiceMetrics
from service.problems.errors import OverloadedError
from service.uploads.arrival import Arrival, Pace, UploadPlaces

_MAX_RETRY_AFTER_SECONDS = 300
# Standard deviations above the mean, below which 99 % of a normal distribution lie.
_SPREADS = 2.326


class ServiceTime:
    """Exponentially weighted mean and variance of how long a classification keeps its place.

    Recursion: Finch, Incremental calculation of weighted mean and variance (2009), section 9.
    """

    def __init__(self, *, initial_seconds: float = 2.0, weight: float = 0.2) -> None:
        self.seconds = initial_seconds
        self.is_measured = False
        self._variance = 0.0
        self._weight = weight

    def add(self, seconds: float) -> None:
        """The first one takes the place of what was assumed."""
        if not self.is_measured:
            self.is_measured, self.seconds = True, seconds
        difference = seconds - self.seconds
        step = self._weight * difference
        self.seconds += step
        self._variance = (1 - self._weight) * (self._variance + difference * step)

    def longest(self, num_videos: int) -> float:
        """Seconds that so many, one after the other, do not exceed 99 times of 100: the prediction
        interval of a sum of independent times, whose mean is itself known from a few only."""
        error_of_mean = self._weight / (2 - self._weight)
        variance = (num_videos + num_videos**2 * error_of_mean) * self._variance
        return num_videos * self.seconds + _SPREADS * math.sqrt(variance)


class Admission:
    """Belongs to one event loop. Places go to those who wait in order of arrival."""

    def __init__(
        self,
        metrics: ServiceMetrics,
        *,
        max_concurrency: int,
        max_queue: int,
        max_queue_seconds: float | None,
        max_uploads: int,
        pace: Pace,
    ) -> None:
        """`max_queue_seconds`: None where the number that wait and their deadlines bound it."""
        self._metrics = metrics
        self._max_concurrency = max_concurrency
        self._max_queue = max_queue
        self._max_queue_seconds = max_queue_seconds
        self._places = asyncio.Semaphore(max_concurrency)
        self._num_waiting = 0
        self._uploads = UploadPlaces(max_uploads, pace=pace, overloaded=self._overloaded)
        self._service_time = ServiceTime()
        metrics.queue_capacity.set(max_queue)

    @property
    def is_pressed(self) -> bool:
        """Whether requests wait for a place; may be asked from any thread."""
        return self._num_waiting > 0

    @property
    def pressure_level(self) -> int:
        """0 to 3, see `service.degrading`; may be asked from any thread."""
        by_number = level_of(self._num_waiting, self._max_queue)
        if self._max_queue_seconds is None:
            return by_number
        waited = self._num_waiting * self._service_time.seconds / self._max_concurrency
        return max(by_number, level_of(waited, self._max_queue_seconds))

    @property
    def service_seconds(self) -> float:
        """How long a classification keeps its place, as recent ones did."""
        return self._service_time.seconds

    @property
    def num_bytes_arriving(self) -> int:
        """What has come so far of all bodies that are not complete."""
        return self._uploads.num_bytes

    @contextmanager
    def upload(self, deadline: Deadline | None) -> Iterator[Arrival]:
        """One upload; refused at once while the queue is full anyway, or too long for `deadline`.
        None: of a job, which does not join it."""
        if deadline is not None:
            self._refuse_in_vain(deadline)
        with self._uploads.arriving() as arrival:
            yield arrival

    @asynccontextmanager
    async def place(self, deadline: Deadline) -> AsyncIterator[float]:
        """One of the places to compute in; yields the seconds waited for it."""
        self._refuse_in_vain(deadline)
        waited_seconds = await self._wait_for_place()
        start = time.perf_counter()
        try:
            yield waited_seconds
        finally:
            self._service_time.add(time.perf_counter() - start)
            self._places.release()

    async def _wait_for_place(self) -> float:
        start = time.perf_counter()
        self._num_waiting += 1
        try:
            with self._metrics.queue_depth.track_inprogress(), self._metrics.queue_wait.time():
                await self._places.acquire()
        finally:
            self._num_waiting -= 1
        return time.perf_counter() - start

    def _refuse_in_vain(self, deadline: Deadline) -> None:
        """Where the queue is full, or the answer would come too late as recent requests went.

        While a place is free everybody is let in: the mean says little of one short video, and
        would never learn of it.
        """
        if not self._places.locked():
            return
        if self._num_waiting >= self._max_queue:
            raise self._overloaded(f"{self._num_waiting} requests are waiting already")
        self._refuse_long_wait()
        expected = self._wait_seconds() + self._service_time.seconds
        if self._service_time.is_measured and expected > deadline.remaining():
            raise self._overloaded(
                f"the answer would take about {expected:.1f} s, with {self._num_waiting} requests"
                f" waiting, and may take {deadline.seconds:g} s"
            )

    def _refuse_long_wait(self) -> None:
        longest = self._service_time.longest(self._num_waiting + 1) / self._max_concurrency
        allowed = self._max_queue_seconds
        if allowed is None or not self._service_time.is_measured or longest <= allowed:
            return
        raise self._overloaded(
            f"it would wait for up to {longest:.1f} s, with {self._num_waiting} requests before it,"
            f" and may wait for {allowed:g} s"
        )

    def _wait_seconds(self) -> float:
        """Until one who comes now would get a place."""
        rounds = (self._num_waiting + 1) / self._max_concurrency
        return rounds * self._service_time.seconds

    def _overloaded(self, detail: str) -> OverloadedError:
        return OverloadedError(detail, retry_after_seconds=self.retry_after_seconds())

    def retry_after_seconds(self) -> int:
        """When all that wait now will have been served, as recent requests went; whole seconds."""
        return min(max(1, math.ceil(self._wait_seconds())), _MAX_RETRY_AFTER_SECONDS)
