"""What a core does in an hour at each budget, and a worker's memory: `adamml batch`, watched."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch.inputs import Video
from batch.job import Job
from batch.pool import Pool
from benchmarks.traffic.holding import resident_bytes
from model.common.cores import num_cores
from model.inference.classification import ClassifyOptions

WAYS: dict[str, ClassifyOptions] = {
    "budget 0.05": ClassifyOptions(budget=0.05),
    "budget 0.1": ClassifyOptions(budget=0.1),
    "budget 0.3": ClassifyOptions(budget=0.3),
    "the model's own point": ClassifyOptions(),
    "all modalities": ClassifyOptions(policy="all"),
}


@dataclass(frozen=True, slots=True)
class PerCore:
    """`processor_seconds`: of a video, its decoders included; `wall_seconds` passed for each video
    and core, with whatever else the machine did; `worker_bytes`: with its decoders, at most."""

    way: str
    processor_seconds: float
    wall_seconds: float
    video_seconds: float
    gflops: float
    worker_bytes: float

    @property
    def videos_per_hour(self) -> float:
        """Of a core that does nothing else."""
        return 3600 / self.processor_seconds

    @property
    def video_hours_per_hour(self) -> float:
        return self.video_seconds / self.processor_seconds


def per_core(videos: Sequence[Path]) -> list[PerCore]:
    """Raises ValueError where a video has no answer, or there are too few."""
    return [_watched(name, options, videos) for name, options in WAYS.items()]


def _watched(name: str, options: ClassifyOptions, videos: Sequence[Path]) -> PerCore:
    """Starts are left out: it begins when workers have given a few rows, of extra videos."""
    workers = num_cores()
    extra = 2 * workers
    if len(videos) <= extra:
        raise ValueError(f"{len(videos)} videos are too few for {workers} cores")
    listed = [Video(str(path), str(path)) for path in [*videos[:extra], *videos]]
    rows, memory, start = [], [0.0], (0.0, 0.0)
    for number, row in enumerate(Pool(Job(options=options), workers).rows(listed), 1):
        if row["problem_code"] is not None:
            raise ValueError(f"{row['path']}: {row['problem_detail']}")
        if number == extra:
            start = time.perf_counter(), _processor_seconds()
        elif number > extra:
            rows.append(row)
            memory.append(sum(map(resident_bytes, _workers())) / workers)
            end = time.perf_counter(), _processor_seconds()
    count = len(rows)
    return PerCore(
        way=name,
        processor_seconds=(end[1] - start[1]) / count,
        wall_seconds=(end[0] - start[0]) / count * workers,
        video_seconds=sum(row["duration_seconds"] for row in rows) / count,
        gflops=sum(row["gflops"] for row in rows) / count,
        worker_bytes=max(memory),
    )


def _workers() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.pid]


def _processor_seconds() -> float:
    """Of all workers and of the decoders that they have waited for."""
    return sum(map(_ticks, _workers())) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    # The name, in brackets, may hold blanks; then: state is field 3, times are 14 to 17.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])
