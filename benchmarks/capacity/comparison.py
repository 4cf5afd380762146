"""The simulation held against real replicas, in the same minutes on the same machine."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.capacity.real_replicas import WARM_UP, at_random, in_turns, replicas
from benchmarks.capacity.simulation import Fleet, Outcome, quantile, simulate
from benchmarks.results import Measured
from benchmarks.traffic.bodies import Body

COUNTS = (2, 4)
# Of what the replicas can do together; the last is more than they can.
LOADS = (0.6, 0.9, 1.4)
QUEUE = 4
_ALONE_REQUESTS, _REQUESTS_PER_CLIENT = 30, 15
_RUNS = 50


@dataclass(frozen=True, slots=True)
class Durations:
    """Of requests alone; and how fast each goes on beside others, as {at once: speed}."""

    alone: tuple[float, ...]
    speeds: dict[int, float]

    def speed(self, at_once: int) -> float:
        """Between what was measured, and beyond it, as much is done in all as at the nearest."""
        if at_once in self.speeds:
            return self.speeds[at_once]
        nearest = min(self.speeds, key=lambda measured: abs(measured - at_once))
        return self.speeds[nearest] * nearest / at_once

    def capacity(self, at_once: int) -> float:
        """Videos a second while so many are computed all the time."""
        return at_once * self.speed(at_once) / statistics.mean(self.alone)


def measure_durations(url: str, bodies: Sequence[Body], at_once: Sequence[int]) -> Durations:
    """Where there are places for so many `at_once`, which begins with 1: nothing ever waits."""
    in_turns(url, bodies, clients=max(at_once), requests=4 * max(at_once))
    alone = in_turns(url, bodies, clients=1, requests=_ALONE_REQUESTS)
    means = {1: statistics.mean(alone)}
    for clients in at_once[1:]:
        count = _REQUESTS_PER_CLIENT * clients
        means[clients] = statistics.mean(in_turns(url, bodies, clients=clients, requests=count))
    return Durations(tuple(alone), {n: means[1] / mean for n, mean in means.items()})


def compare(bodies: Sequence[Body], *, seconds: float) -> list[Measured]:
    """`seconds`: how long requests come in each of the runs."""
    with tempfile.TemporaryDirectory() as name:
        return [row for count in COUNTS for row in _compared(count, bodies, Path(name), seconds)]


def _compared(count: int, bodies: Sequence[Body], folder: Path, seconds: float) -> list[Measured]:
    settings = {"max_concurrency": 1, "max_queue": QUEUE, "max_uploads": 200}
    rows = []
    with replicas(count, folder, **settings) as url:
        for seed, load in enumerate(LOADS):
            # Every time, for what else the machine does changes.
            durations = measure_durations(url, bodies, [n for n in (1, 2, 4) if n <= count])
            rate = load * durations.capacity(count)
            real = at_random(url, bodies, rate=rate, seconds=seconds, seed=seed)
            fleet = Fleet(count, places=1, queue=QUEUE, machines=1)
            simulated = _simulated(fleet, durations, rate, seconds)
            rows += _rows(f"{count} replicas at {load:.0%}", real, simulated)
    return rows


def _simulated(fleet: Fleet, durations: Durations, rate: float, seconds: float) -> Outcome:
    """Of many runs that are as long as the real one, which does not reach its steady state."""
    requests = round(rate * seconds)
    runs = [
        simulate(
            fleet,
            durations.alone,
            rate=rate,
            speed=durations.speed,
            requests=requests,
            warm_up=WARM_UP,
            seed=seed,
        )
        for seed in range(_RUNS)
    ]
    latencies = [one for run in runs for one in run.latencies]
    return Outcome(latencies, sum(run.refused for run in runs))


def _rows(what: str, real: Outcome, simulated: Outcome) -> list[Measured]:
    means = [statistics.mean(one.latencies) for one in (simulated, real)]
    ends = [quantile(one.latencies, 0.95) for one in (simulated, real)]
    shares = [100 * one.refused_share for one in (simulated, real)]
    count = len(real.latencies) + real.refused
    return [
        Measured(
            f"simulated latency, {what} of what they can do",
            max(means[0] / means[1], means[1] / means[0]),
            f"HAProxy and {what.split()[0]} services, {count} requests",
            "<= 1.3",
            f"mean {means[0]:.2f} s against {means[1]:.2f} s,"
            f" p95 {ends[0]:.2f} s against {ends[1]:.2f} s",
            unit="times apart",
        ),
        Measured(
            f"simulated refusals, {what} of what they can do",
            abs(shares[0] - shares[1]),
            f"HAProxy and {what.split()[0]} services, {count} requests",
            "<= 10",
            f"{shares[0]:.1f} % against {shares[1]:.1f} %",
            unit="points apart",
        ),
    ]
