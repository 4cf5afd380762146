"""The simulation agrees with what queueing theory knows, and with what is plain."""

import random
import statistics
from itertools import pairwise

import pytest

from benchmarks.capacity.simulation import Fleet, Machine, replicas_wanted, simulate

ENDLESS = 10**9


def exponential(mean, count=20_000):
    draws = random.Random(1)
    return [draws.expovariate(1 / mean) for _ in range(count)]


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_place_with_exponential_durations_is_an_m_m_1_queue(load):
    """Mean time in the system: S / (1 - load)."""
    found = simulate(Fleet(1, 1, ENDLESS), exponential(1.0), rate=load, requests=30_000)

    assert statistics.mean(found.latencies) == pytest.approx(1 / (1 - load), rel=0.12)


def test_the_share_that_is_refused_without_a_queue_is_erlangs():
    """Erlang B; whatever the durations' distribution."""
    places, load = 4, 3.0
    terms = [1.0]
    for place in range(1, places + 1):
        terms.append(terms[-1] * load / place)
    found = simulate(Fleet(1, places, 0), [1.0], rate=load, requests=20_000)

    assert found.refused_share == pytest.approx(terms[-1] / sum(terms), rel=0.1)


def test_work_on_one_machine_is_shared_as_processors_share_it():
    import simpy

    env = simpy.Environment()
    machine = Machine(env, lambda jobs: min(1.0, 2 / jobs))
    ends = []

    def job(start, seconds):
        yield env.timeout(start)
        yield machine.work(seconds)
        ends.append(round(env.now, 6))

    # Two at full speed; from 1 s on four at half: 1 s of each is left of the first two.
    for start, seconds in ((0, 2), (0, 2), (1, 2), (1, 2)):
        env.process(job(start, seconds))
    env.run()
    assert ends == [3, 3, 4, 4]


def test_more_replicas_refuse_less_and_none_is_left_idle_at_random():
    durations = exponential(1.0)
    shares = [
        simulate(Fleet(n, 2, 4), durations, rate=10, requests=8000).refused_share for n in (3, 5, 7)
    ]

    assert all(fewer > more for fewer, more in pairwise(shares))
    # Least connections: with a free place somewhere, nobody waits.
    even = simulate(Fleet(100, 1, 8), [1.0], rate=60, requests=8000)
    assert statistics.mean(even.latencies) == pytest.approx(1.0, abs=0.01)


def test_the_replicas_wanted_are_the_fewest_that_do():
    durations, rate = exponential(0.5), 30.0
    fleet = Fleet(1, 2, 8)
    wanted = replicas_wanted(rate, durations, fleet, most_seconds=2.0)
    fewer = simulate(Fleet(wanted - 1, 2, 8), durations, rate=rate)

    assert wanted >= rate * 0.5 / 2
    assert fewer.refused_share > 0.001 or sorted(fewer.latencies)[-len(fewer.latencies) // 20] > 2
