"""What one key may take: requests and GFLOPs a minute, and requests at once.

Token buckets of a minute's worth each. GFLOPs are known only when they are spent, so that bucket
goes below zero, and the next request waits until it is filled again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from service.keys.key_file import KeyEntry
from service.problems.errors import RateLimitedError

Clock = Callable[[], float]
_MINUTE_SECONDS = 60.0
_MAX_RETRY_AFTER_SECONDS = 3600
_SETTLE_SECONDS = 1.0


class TokenBucket:
    """Holds `per_minute` at most, and is filled by as much in a minute."""

    def __init__(self, per_minute: float, clock: Clock = time.monotonic) -> None:
        # A share of one worker may be below one, which no request could ever take.
        self._capacity = max(1.0, per_minute)
        self._per_second = per_minute / _MINUTE_SECONDS
        self._clock = clock
        self._tokens = self._capacity
        self._filled = clock()

    def seconds_until(self, tokens: float) -> float:
        """Until it holds so many; 0 where it does."""
        now = self._clock()
        more = (now - self._filled) * self._per_second
        self._tokens, self._filled = min(self._capacity, self._tokens + more), now
        return max(0.0, (tokens - self._tokens) / self._per_second)

    def take(self, tokens: float) -> None:
        """Whether it holds them or not."""
        self._tokens -= tokens


class KeyLimits:
    """Of one key in one of `workers` processes, each of which has an equal share of the rates.

    Belongs to one event loop.
    """

    def __init__(self, entry: KeyEntry, *, workers: int = 1, clock: Clock = time.monotonic) -> None:
        rates = (entry.requests_per_minute, entry.gflops_per_minute)
        self._requests, self._gflops = (
            None if rate is None else TokenBucket(rate / workers, clock) for rate in rates
        )
        self._entry = entry
        self._max_inside = None if entry.concurrency is None else -(-entry.concurrency // workers)
        self._num_inside = 0
        # GFLOPs that were counted of each job that has not ended.
        self._jobs: dict[str, float] = {}
        self._settled = clock()
        self._clock = clock

    def enter(self, *, busy_seconds: float) -> None:
        """Take a request's share, until `leave`; `busy_seconds`: how long one usually takes.

        Raises RateLimitedError, and nothing is taken.
        """
        if self._max_inside is not None and self._num_inside >= self._max_inside:
            detail = f"{self._num_inside} requests of this key are under way"
            raise _refused(detail, busy_seconds)
        if self._requests is not None and (seconds := self._requests.seconds_until(1)) > 0:
            detail = f"this key may send {self._entry.requests_per_minute:g} requests a minute"
            raise _refused(detail, seconds)
        # Anything left is enough, as nobody knows what the request will take.
        if self._gflops is not None and (seconds := self._gflops.seconds_until(0)) > 0:
            detail = f"this key may spend {self._entry.gflops_per_minute:g} GFLOPs a minute"
            raise _refused(detail, seconds)
        if self._requests is not None:
            self._requests.take(1)
        self._num_inside += 1

    def owe(self, job_id: str) -> None:
        """For a job, whose GFLOPs are counted as they are spent."""
        if self._gflops is not None:
            self._jobs.setdefault(job_id, 0.0)

    def jobs_to_settle(self) -> tuple[str, ...]:
        """Those whose GFLOPs should be looked up; none again within a second."""
        if not self._jobs or self._clock() - self._settled < _SETTLE_SECONDS:
            return ()
        self._settled = self._clock()
        return tuple(self._jobs)

    def settle(self, job_id: str, gflops: float, *, is_finished: bool) -> None:
        """Count what a job has spent since it was last looked at."""
        self._spend(gflops - self._jobs.pop(job_id, gflops))
        if not is_finished:
            self._jobs[job_id] = gflops

    def leave(self, *, gflops: float) -> None:
        self._num_inside -= 1
        self._spend(gflops)

    def _spend(self, gflops: float) -> None:
        if self._gflops is not None:
            self._gflops.take(gflops)


def _refused(detail: str, seconds: float) -> RateLimitedError:
    whole = min(max(1, math.ceil(seconds)), _MAX_RETRY_AFTER_SECONDS)
    return RateLimitedError(detail, retry_after_seconds=whole)
