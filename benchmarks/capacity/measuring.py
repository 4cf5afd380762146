"""adamml bench capacity: per core, simulated fleets, and both beside real replicas."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.capacity.comparison import Durations, compare, measure_durations
from benchmarks.capacity.page import PLACES, fleets_table, per_core_table, wanted_table, write_page
from benchmarks.capacity.per_core import per_core
from benchmarks.capacity.real_replicas import replicas
from benchmarks.results import Measured
from benchmarks.traffic.bodies import Body, make_videos, read_videos

# Each clip that is made, so many times.
_REPEATED = 8


def measure(
    videos: Sequence[Path], *, seconds: float, videos_per_hour: Sequence[float]
) -> list[Measured]:
    """Fills docs/capacity.md; returns how far the simulation is from real replicas."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies, files = _material(videos, folder)
        cores = per_core(files)
        durations = _of_one_service(bodies, folder)
    rows = compare(bodies, seconds=seconds)
    write_page(
        {
            "per-core": per_core_table(cores),
            "fleets": fleets_table(durations),
            "wanted": wanted_table(durations, videos_per_hour),
        }
    )
    return rows


def _of_one_service(bodies: Sequence[Body], folder: Path) -> Durations:
    """As it is by default, but for its thread: two at once."""
    with replicas(1, folder) as url:
        return measure_durations(url, bodies, (1, PLACES))


def _material(videos: Sequence[Path], folder: Path) -> tuple[list[Body], list[Path]]:
    if videos:
        bodies = read_videos(videos)
        files = [file for path in videos for file in ([path] if path.is_file() else _below(path))]
        return bodies, files
    bodies = make_videos(folder)
    return bodies, [folder / body.name for body in bodies] * _REPEATED


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
