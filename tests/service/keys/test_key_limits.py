"""Limits of a key: when the next request may come."""

from __future__ import annotations

import pytest

from service.keys.key_file import KeyEntry
from service.keys.key_limits import KeyLimits, TokenBucket
from service.problems.errors import RateLimitedError


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(clock):
    def limits(*, workers=1, **given):
        entry = KeyEntry(name="acme", id="0" * 16, hash="scrypt$2$1$1$AA==$AA==", **given)
        return KeyLimits(entry, workers=workers, clock=clock)

    return limits


def waits(limits):
    with pytest.raises(RateLimitedError) as refused:
        limits.enter(busy_seconds=2.5)
    return refused.value.retry_after_seconds


def test_a_wait_that_is_obeyed_is_enough(make, clock):
    limits = make(requests_per_minute=4)
    for _ in range(4):
        limits.enter(busy_seconds=1)

    clock.now = 1.5
    assert waits(limits) == 14
    clock.now += 14
    limits.enter(busy_seconds=1)
    assert waits(limits) == 15


def test_gflops_are_owed_after_they_were_spent(make, clock):
    limits = make(gflops_per_minute=60)
    limits.enter(busy_seconds=1)
    limits.leave(gflops=90.5)

    assert waits(limits) == 31
    clock.now = 31
    limits.enter(busy_seconds=1)


def test_jobs_are_paid_as_they_go(make, clock):
    limits = make(gflops_per_minute=60)
    limits.owe("a")
    assert limits.jobs_to_settle() == ()
    clock.now = 1
    assert limits.jobs_to_settle() == ("a",)
    limits.settle("a", 40, is_finished=False)
    limits.enter(busy_seconds=1)
    limits.settle("a", 65, is_finished=True)

    assert waits(limits) == 4  # 60 of the bucket and 1 of a second, less 65
    clock.now = 3
    assert limits.jobs_to_settle() == ()


def test_so_many_requests_at_once(make):
    limits = make(concurrency=2)
    limits.enter(busy_seconds=1)
    limits.enter(busy_seconds=1)

    assert waits(limits) == 3
    limits.leave(gflops=0)
    limits.enter(busy_seconds=1)


def test_workers_share_the_rates(make):
    limits = make(requests_per_minute=8, concurrency=3, workers=4)
    limits.enter(busy_seconds=1)
    limits.leave(gflops=0)
    limits.enter(busy_seconds=1)

    assert waits(limits) == 3  # one of the three places
    limits.leave(gflops=0)
    assert waits(limits) == 30  # two of eight requests a minute


def test_no_limits_are_none(make):
    limits = make()
    for _ in range(1000):
        limits.enter(busy_seconds=1)


def test_a_bucket_holds_no_more_than_a_minute(clock):
    bucket = TokenBucket(60, clock)
    clock.now = 1e6
    assert bucket.seconds_until(61) == 1
