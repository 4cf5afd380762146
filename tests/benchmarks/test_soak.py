"""The soak in short, with the bundled model: nothing grows; at length, `make soak`."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.traffic import soak
from benchmarks.traffic.asks import WAYS, Ask, asks
from benchmarks.traffic.bodies import Body, make_videos
from benchmarks.traffic.holding import Holding
from benchmarks.traffic.running_service import running_service
from benchmarks.traffic.soak import Soak
from benchmarks.traffic.soak_summary import Outcome, Round, summary

ROUNDS = 3


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """The shortest one, with sound."""
    return make_videos(tmp_path_factory.mktemp("videos"))[:1]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "service" / "jobs").mkdir(parents=True)
    return tmp_path / "service"


def test_nothing_grows(videos, folder):
    with running_service(temp_dir=folder, jobs_dir=folder / "jobs") as service:
        mix = asks(videos)
        soaking = Soak(service.url, service.pid, folder, mix)
        rounds = soaking.run(seconds=0.0, least_rounds=ROUNDS)
    told, warm, last = summary(rounds), rounds[0].held, rounds[-1].held

    assert told["num_wrong"] == 0, told["wrong"]
    assert set(told["asked"]) == set(WAYS)
    assert (last.children, last.files) == (0, 0)
    assert (last.descriptors, last.threads) == (warm.descriptors, warm.threads)
    # The first round leaves buffers half filled; a leak of one answer's arrays would be far more.
    assert last.anonymous_bytes < 1.15 * warm.anonymous_bytes


def a_round(megabytes, *, threads=30, seconds=1.0, wrong=None, yardstick=1.0):
    ask = Ask("plain", Body("clip", b""))
    held = Holding(0, 20, threads, 0, megabytes * 10**6)
    return Round(
        0.0,
        [Outcome(ask, seconds, "told", wrong)],
        held.anonymous_bytes,
        held,
        load_average=0.0,
        processor_seconds=seconds,
        yardstick_seconds=yardstick,
    )


def test_a_leak_is_told():
    leaking = [a_round(300 + 2 * number, threads=30 + number // 10) for number in range(40)]
    told = summary(leaking)

    assert told["warm_up_rounds"] == 4
    assert not told["is_flat"]["anonymous_megabytes"]
    assert not told["is_flat"]["threads"]
    assert told["is_flat"]["descriptors"]


def test_what_is_flat_is_told():
    told = summary([a_round(300, seconds=1 + number % 2 / 50) for number in range(40)])

    assert all(told["is_flat"].values())
    assert "load_average" not in told["is_flat"]


def test_a_machine_that_gets_slower_is_not_a_service_that_does():
    seconds = [1 + number / 40 for number in range(40)]
    slower_machine = summary([a_round(300, seconds=one, yardstick=one) for one in seconds])
    slower_service = summary([a_round(300, seconds=one) for one in seconds])

    assert all(slower_machine["is_flat"].values())
    assert slower_machine["change"]["latency_p50_seconds"] > 0.05
    told = {name for name, is_flat in slower_service["is_flat"].items() if not is_flat}
    assert told == {"latency_p50_yardsticks", "latency_p95_yardsticks", "processor_yardsticks"}


def test_wrong_answers_are_told(monkeypatch, folder):
    """An answer that is not that of the rounds before, and one that is no answer."""
    answers = iter(["one", "another", ValueError()])

    def way(client, ask):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise soak.WrongAnswerError("none")
        return answer

    monkeypatch.setitem(soak.WAYS, "plain", way)
    ask = Ask("plain", Body("clip", b""))
    asked = Soak("http://localhost", 0, folder, [])
    outcomes = [asked._compared(asked._ask(ask)) for _ in range(3)]

    assert [outcome.wrong is None for outcome in outcomes] == [True, False, False]
    told = summary([dataclasses.replace(a_round(1), outcomes=outcomes)])
    assert told["num_wrong"] == 2
