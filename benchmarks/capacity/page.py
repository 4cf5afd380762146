"""The tables of docs/capacity.md."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.capacity.comparison import Durations
from benchmarks.capacity.per_core import PerCore
from benchmarks.capacity.simulation import Fleet, quantile, replicas_wanted, simulate
from benchmarks.results import machine
from training.evaluation.generated_sections import fill

PAGE = Path(__file__).parents[2] / "docs" / "capacity.md"
FLEETS = (1, 10, 1000)
LOADS = (0.5, 0.7, 0.9, 1.2)
# A replica as it is by default.
PLACES, QUEUE = 2, 16
# An answer may take so many times as long as one alone.
MOST_TIMES = 4.0


def write_page(sections: Mapping[str, str]) -> None:
    PAGE.write_text(fill(PAGE.read_text(), sections))


def _said() -> str:
    return f"{datetime.datetime.now(datetime.UTC).date().isoformat()}, {machine()}.\n\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def per_core_table(measured: Sequence[PerCore]) -> str:
    head = [
        *("way", "GFLOPs a video", "processor time a video", "videos an hour and core"),
        *("hours of video an hour and core", "passed a video and core", "memory a worker"),
    ]
    rows = [
        [
            *(one.way, f"{one.gflops:.2f}", f"{one.processor_seconds:.3f} s"),
            *(f"{one.videos_per_hour:,.0f}", f"{one.video_hours_per_hour:.1f}"),
            *(f"{one.wall_seconds:.3f} s", f"{one.worker_bytes / 1e6:.0f} MB"),
        ]
        for one in measured
    ]
    clips = f"Clips of {measured[0].video_seconds:.1f} s in the mean."
    return _said() + clips + "\n\n" + _table(head, rows)


def fleets_table(durations: Durations) -> str:
    """Each replica on a machine of its own like the one that was measured."""
    head = ["replicas", "load", "videos an hour", "p50", "p95", "p99", "refused"]
    rows = []
    for replicas in FLEETS:
        for load in LOADS:
            rate = load * replicas * durations.capacity(PLACES)
            found = simulate(
                Fleet(replicas, PLACES, QUEUE),
                durations.alone,
                rate=rate,
                speed=durations.speed,
                requests=max(20_000, 200 * replicas),
            )
            answered = 3600 * rate * (1 - found.refused_share)
            times = [f"{quantile(found.latencies, share):.2f} s" for share in (0.5, 0.95, 0.99)]
            rows.append(
                [
                    *(f"{replicas:,}", f"{load:.0%}", f"{answered:,.0f}"),
                    *(*times, f"{found.refused_share:.1%}"),
                ]
            )
    alone = f"A request alone takes {statistics.mean(durations.alone):.3f} s in the mean"
    beside = f"beside another it goes on at {durations.speed(PLACES):.2f} of that speed."
    return f"{alone}; {beside}\n\n" + _table(head, rows)


def wanted_table(durations: Durations, videos_per_hour: Sequence[float]) -> str:
    most_seconds = MOST_TIMES * statistics.mean(durations.alone)
    head = ["videos an hour", "replicas", "of what they can do"]
    rows = []
    for load in videos_per_hour:
        replicas = replicas_wanted(
            load / 3600,
            durations.alone,
            Fleet(1, PLACES, QUEUE),
            speed=durations.speed,
            most_seconds=most_seconds,
        )
        used = load / 3600 / (replicas * durations.capacity(PLACES))
        rows.append([f"{load:,.0f}", f"{replicas:,}", f"{used:.0%}"])
    return f"95 of 100 within {most_seconds:.2f} s:\n\n" + _table(head, rows)
