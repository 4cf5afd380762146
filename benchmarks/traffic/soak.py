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
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx

from benchmarks.results import machine
from benchmarks.traffic.asks import WAYS, Ask, WrongAnswerError, asks
from benchmarks.traffic.bodies import make_videos
from benchmarks.traffic.holding import (
    anonymous_bytes,
    at_rest,
    fill_pools,
    processor_seconds,
    stolen_seconds,
)
from benchmarks.traffic.running_service import running_service
from benchmarks.traffic.soak_summary import Outcome, Round, row, summary
from model.common.cores import num_cores
from model.inputs.ffmpeg.programs import programs

CLIENTS = 4
_REST_SECONDS = 15.0
_SAMPLE_SECONDS = 1.0
_TIMEOUT_SECONDS = 120.0
# A fixed piece of work, by which what a noisy machine does is told from what the service does.
_YARDSTICK_TIMES = 3
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=4")
_WORK = ("-filter_threads", "1", "-vf", "scale=-2:256,hqdn3d", "-f", "null", "-")


class Soak:
    """A running service, by its process `pid` and its `folder`, under rounds of `mix`."""

    def __init__(self, url: str, pid: int, folder: Path, mix: Sequence[Ask]) -> None:
        self._url, self._pid, self._folder, self._mix = url, pid, folder, list(mix)
        self._first_told: dict[tuple[str, str, str], object] = {}
        self._yardstick = yardstick_seconds()

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
        before, self._yardstick = self._yardstick, yardstick_seconds()
        return Round(
            begun_seconds,
            [self._compared(outcome) for outcome in outcomes],
            statistics.median(memory.samples),
            held,
            os.getloadavg()[0],
            processor_seconds(self._pid) - spent,
            stolen_share,
            (before + self._yardstick) / 2,
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


def yardstick_seconds() -> float:
    """The median time in which the pinned ffmpeg draws, scales and smooths 100 frames, with one
    thread."""
    command = [programs().ffmpeg, "-v", "error", "-nostdin", *_PICTURE, *_WORK]
    seconds = []
    for _ in range(_YARDSTICK_TIMES):
        start = time.perf_counter()
        subprocess.run(command, check=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


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
    document = {**told, "by_round": [row(one) for one in rounds]}
    result.write_text(json.dumps(document, indent=1) + "\n")
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 30.0)
