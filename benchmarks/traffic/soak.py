"""A soak: a mix of requests for a long time, and whether what the service holds stays the same.

python -m benchmarks.traffic.soak RESULT.json [MINUTES]

Rounds of the same asks follow one another. After each the service comes to rest, so that what it
holds can be compared; the first quarter of the rounds after the warm-up with the last.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx

from benchmarks.results import machine
from benchmarks.traffic.asks import WAYS, Ask, WrongAnswerError, asks
from benchmarks.traffic.bodies import make_videos
from benchmarks.traffic.holding import (
    Holding,
    anonymous_bytes,
    at_rest,
    fill_pools,
    processor_seconds,
    stolen_seconds,
)
from benchmarks.traffic.load_summary import quantile
from benchmarks.traffic.running_service import running_service
from model.common.cores import num_cores

CLIENTS = 4
FLAT = 0.05
# Buffers, pools of threads and caches fill: this share of the time, and one round at least.
_WARM_UP_SHARE = 0.1
_REST_SECONDS = 15.0
_SAMPLE_SECONDS = 1.0
_TIMEOUT_SECONDS = 120.0
_SHOWN_WRONG = 20
# What other work did meanwhile.
_BESIDE = ("load_average", "stolen_share")


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """`told` is what must not change; `wrong` says what was not right."""

    ask: Ask
    seconds: float
    told: object
    wrong: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Round:
    """`busy_bytes`: the median of the anonymous memory while requests ran; `held` is after them.

    `processor_seconds` are of the service and its decoders. `stolen_share`: how much of the
    machine's processors others on the same hardware had; latency says little where it changes.
    """

    begun_seconds: float
    outcomes: list[Outcome]
    busy_bytes: float
    held: Holding
    load_average: float
    processor_seconds: float = 0.0
    stolen_share: float = 0.0

    @property
    def plain_seconds(self) -> list[float]:
        return [one.seconds for one in self.outcomes if one.ask.kind == "plain"]


class Soak:
    """A running service, by its process `pid` and its `folder`, under rounds of `mix`."""

    def __init__(self, url: str, pid: int, folder: Path, mix: Sequence[Ask]) -> None:
        self._url, self._pid, self._folder, self._mix = url, pid, folder, list(mix)
        self._first_told: dict[tuple[str, str, str], object] = {}

    def run(self, *, seconds: float, least_rounds: int = 3) -> list[Round]:
        """None begins after `seconds`, but there are at least so many."""
        fill_pools(self._url)
        begin, rounds = time.monotonic(), list[Round]()
        while len(rounds) < least_rounds or time.monotonic() < begin + seconds:
            rounds.append(self._round(len(rounds), time.monotonic() - begin))
        return rounds

    def _round(self, number: int, begun_seconds: float) -> Round:
        drawn = random.Random(number).sample(self._mix, k=len(self._mix))
        begin, spent, stolen = time.monotonic(), processor_seconds(self._pid), stolen_seconds()
        with _Sampled(self._pid) as memory, ThreadPoolExecutor(CLIENTS) as pool:
            outcomes = list(pool.map(self._ask, drawn))
        stolen_share = (stolen_seconds() - stolen) / (time.monotonic() - begin) / num_cores()
        held = at_rest(self._pid, self._folder, seconds=_REST_SECONDS)
        return Round(
            begun_seconds,
            [self._compared(outcome) for outcome in outcomes],
            statistics.median(memory.samples),
            held,
            os.getloadavg()[0],
            processor_seconds(self._pid) - spent,
            stolen_share,
        )

    def _ask(self, ask: Ask) -> Outcome:
        start, told, wrong = time.monotonic(), None, None
        try:
            with httpx.Client(base_url=self._url, timeout=_TIMEOUT_SECONDS) as client:
                told = WAYS[ask.kind](client, ask)
        except (WrongAnswerError, httpx.HTTPError, OSError) as error:
            wrong = f"{ask.kind} {ask.body.name}: {error!r}"
        return Outcome(ask, time.monotonic() - start, told, wrong)

    def _compared(self, outcome: Outcome) -> Outcome:
        """The same ask has the same answer in every round."""
        ask = outcome.ask
        if outcome.wrong is not None:
            return outcome
        first = self._first_told.setdefault((ask.kind, ask.body.name, ask.query), outcome.told)
        if first == outcome.told:
            return outcome
        wrong = f"{ask.kind} {ask.body.name}: {outcome.told} after {first}"
        return dataclasses.replace(outcome, wrong=wrong)


class _Sampled:
    """Anonymous memory of a process and its children, time after time, by a thread. A context."""

    def __init__(self, pid: int) -> None:
        self.samples: list[int] = []
        self._pid, self._is_over = pid, threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> _Sampled:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            self.samples.append(anonymous_bytes(self._pid))
            if self._is_over.wait(_SAMPLE_SECONDS):
                return


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """What was held and how long answers took, in the first quarter after the warm-up and in the
    last; `change` is relative to the first, `is_flat` whether it is at most FLAT."""
    warm = min(max(1, round(_WARM_UP_SHARE * len(rounds))), len(rounds) - 1)
    measured = rounds[warm:]
    quarter = max(1, len(measured) // 4)
    first, last = _quarter(measured[:quarter]), _quarter(measured[-quarter:])
    outcomes = [outcome for one in rounds for outcome in one.outcomes]
    wrong = [outcome.wrong for outcome in outcomes if outcome.wrong is not None]
    change = {name: _change(first[name], last[name]) for name in first}
    return {
        "rounds": len(rounds),
        "warm_up_rounds": warm,
        "asked": dict(sorted(Counter(outcome.ask.kind for outcome in outcomes).items())),
        "num_wrong": len(wrong),
        "wrong": wrong[:_SHOWN_WRONG],
        "first_quarter": first,
        "last_quarter": last,
        "change": change,
        "is_flat": {name: abs(change[name]) <= FLAT for name in change if name not in _BESIDE},
    }


def _quarter(rounds: Sequence[Round]) -> dict[str, float]:
    """Medians over rounds; of latency over all plain requests in them, in seconds."""
    held = [one.held for one in rounds]
    plain = sorted(seconds for one in rounds for seconds in one.plain_seconds)
    medians = {
        "anonymous_megabytes": statistics.median(one.anonymous_bytes / 1e6 for one in held),
        "busy_anonymous_megabytes": statistics.median(one.busy_bytes / 1e6 for one in rounds),
        "descriptors": statistics.median(one.descriptors for one in held),
        "threads": statistics.median(one.threads for one in held),
        "children": max(one.children for one in held),
        "files": max(one.files for one in held),
        "latency_p50_seconds": quantile(plain, 0.5) or 0.0,
        "latency_p95_seconds": quantile(plain, 0.95) or 0.0,
        "processor_seconds": statistics.median(one.processor_seconds for one in rounds),
        "stolen_share": statistics.mean(one.stolen_share for one in rounds),
        "load_average": statistics.median(one.load_average for one in rounds),
    }
    return {name: round(value, 4) for name, value in medians.items()}


def _change(first: float, last: float) -> float:
    return round((last - first) / first, 4) if first else float(last != first)


def _row(one: Round) -> dict[str, float]:
    held = dataclasses.asdict(one.held)
    held["anonymous_megabytes"] = round(held.pop("anonymous_bytes") / 1e6, 2)
    return {
        "begun_seconds": round(one.begun_seconds, 1),
        **held,
        "busy_anonymous_megabytes": round(one.busy_bytes / 1e6, 1),
        "plain_median_seconds": round(statistics.median(one.plain_seconds), 3),
        "processor_seconds": round(one.processor_seconds, 2),
        "stolen_share": round(one.stolen_share, 3),
        "load_average": round(one.load_average, 2),
    }


def main(result: Path, minutes: float = 30.0) -> None:
    with tempfile.TemporaryDirectory() as name:
        videos, service_folder = Path(name, "videos"), Path(name, "service")
        (service_folder / "jobs").mkdir(parents=True)
        videos.mkdir()
        mix = asks(make_videos(videos))
        folders = {"temp_dir": service_folder, "jobs_dir": service_folder / "jobs"}
        with running_service(**folders) as service:
            soak = Soak(service.url, service.pid, service_folder, mix)
            rounds = soak.run(seconds=60 * minutes)
    told = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "minutes": minutes,
        "clients": CLIENTS,
        **summary(rounds),
    }
    document = {**told, "by_round": [_row(one) for one in rounds]}
    result.write_text(json.dumps(document, indent=1) + "\n")
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 30.0)
