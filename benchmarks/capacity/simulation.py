"""Replicas behind a balancer, simulated with SimPy from durations that were measured.

Requests come at random times (Poisson) to the replica with the fewest inside, as HAProxy's
`leastconn` sends them. A replica computes some at once, lets some wait in order of arrival, and
refuses the rest.
What is computed on one machine slows what is beside it, as measured.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

# How fast each of so many computed at once goes on, 1 for one alone.
Speed = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Fleet:
    """`machines`: the replicas lie on so many, evenly; None: each on one of its own."""

    replicas: int
    places: int
    queue: int
    machines: int | None = None


@dataclass(slots=True)
class Outcome:
    """`latencies`: seconds from arrival to answer; of requests after the warm-up."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def refused_share(self) -> float:
        return self.refused / max(1, self.refused + len(self.latencies))


class Machine:
    """Work in seconds alone; all of it at a speed that depends on how much there is at once."""

    def __init__(self, env: simpy.Environment, speed: Speed) -> None:
        self._env, self._speed = env, speed
        self._left: dict[simpy.Event, float] = {}
        self._since = 0.0
        self._version = 0

    def work(self, seconds: float) -> simpy.Event:
        """An event for its end."""
        self._go_on()
        done = self._env.event()
        self._left[done] = seconds
        self._plan()
        return done

    def _go_on(self) -> None:
        passed = (self._env.now - self._since) * self._speed(max(1, len(self._left)))
        self._left = {done: left - passed for done, left in self._left.items()}
        self._since = self._env.now

    def _plan(self) -> None:
        self._version += 1
        if self._left:
            self._env.process(self._end_first(self._version))

    def _end_first(self, version: int) -> Generator[simpy.Event, Any, None]:
        first = min(self._left, key=self._left.__getitem__)
        yield self._env.timeout(max(0.0, self._left[first]) / self._speed(len(self._left)))
        # Something else has come or gone meanwhile, and planned anew.
        if version == self._version:
            self._go_on()
            del self._left[first]
            self._plan()
            first.succeed()


class _Balancer:
    """The fewest inside first; those with as many, in turns."""

    def __init__(self, replicas: int) -> None:
        self._turns = itertools.count()
        self._inside = [0] * replicas
        self._heap = [(0, next(self._turns), replica) for replica in range(replicas)]

    def choose(self) -> int:
        while self._heap[0][0] != self._inside[self._heap[0][2]]:
            heapq.heappop(self._heap)
        replica = self._heap[0][2]
        self._change(replica, 1)
        return replica

    def leave(self, replica: int) -> None:
        self._change(replica, -1)

    def _change(self, replica: int, by: int) -> None:
        self._inside[replica] += by
        heapq.heappush(self._heap, (self._inside[replica], next(self._turns), replica))


def simulate(
    fleet: Fleet,
    durations: Sequence[float],
    *,
    rate: float,
    speed: Speed = lambda _: 1.0,
    requests: int = 20_000,
    warm_up: float = 0.5,
    seed: int = 0,
) -> Outcome:
    """`requests` arrive at `rate` a second; each takes one of `durations`, drawn at random. The
    share `warm_up` of them, the first, is not counted: queues fill slowly."""
    env, outcome, draws = simpy.Environment(), Outcome(), random.Random(seed)
    machines = [Machine(env, speed) for _ in range(fleet.machines or fleet.replicas)]
    places = [simpy.Resource(env, fleet.places) for _ in range(fleet.replicas)]
    balancer = _Balancer(fleet.replicas)

    def request(is_counted: bool) -> Generator[simpy.Event, Any, None]:
        begun, replica = env.now, balancer.choose()
        mine = places[replica]
        is_refused = mine.count == fleet.places and len(mine.queue) >= fleet.queue
        if not is_refused:
            with mine.request() as place:
                yield place
                yield machines[replica % len(machines)].work(draws.choice(durations))
        balancer.leave(replica)
        if is_counted and is_refused:
            outcome.refused += 1
        elif is_counted:
            outcome.latencies.append(env.now - begun)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for number in range(requests):
            yield env.timeout(draws.expovariate(rate))
            env.process(request(number >= warm_up * requests))

    env.process(arrivals())
    env.run()
    return outcome


def replicas_wanted(
    rate: float,
    durations: Sequence[float],
    fleet: Fleet,
    *,
    speed: Speed = lambda _: 1.0,
    most_refused: float = 0.001,
    most_seconds: float,
) -> int:
    """The fewest replicas like those of `fleet` that refuse at most that share of the requests and
    answer 95 of 100 within `most_seconds`."""
    mean = sum(durations) / len(durations) / speed(fleet.places)
    fewest = max(1, int(rate * mean / fleet.places))
    for replicas in itertools.count(fewest):
        tried = Fleet(replicas, fleet.places, fleet.queue)
        found = simulate(tried, durations, rate=rate, speed=speed)
        if found.refused_share <= most_refused and quantile(found.latencies, 0.95) <= most_seconds:
            return replicas
    raise AssertionError


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed; infinite without values."""
    ordered = sorted(values)
    return ordered[max(0, round(share * len(ordered)) - 1)] if ordered else float("inf")
