"""adamml batch against processes of Classifier by hand; its memory over thousands of rows."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from batch.inputs import Video
from batch.job import Job
from batch.pool import Pool
from batch.rows import Row
from batch.run import Batch, run_batch
from benchmarks.clips import film
from benchmarks.results import Measured
from model.common.cores import num_cores
from model.inference.classification import Classification
from model.inference.classifier import Classifier
from model.inference.loading import load_classifier

OURS = "adamml batch"
NUM_MADE_CLIPS = 40
SAMPLE_ROWS = 100

_classifiers: list[Classifier] = []


def measure(videos: Sequence[Path], *, rounds: int, memory_rows: int) -> list[Measured]:
    """Of `videos`, or of clips that are made; `memory_rows` 0: memory is not measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = list(videos) or _made(folder)
        rows = _throughput(clips, folder, rounds)
        return [*rows, _memory(folder, memory_rows)] if memory_rows else rows


def _made(folder: Path) -> list[Path]:
    clip = film(folder / "film.mp4", seconds=6, size="320x240")
    return _linked(clip, folder / "films", NUM_MADE_CLIPS)


def _linked(clip: Path, folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    links = [folder / f"{number:06}.mp4" for number in range(count)]
    for link in links:
        link.hardlink_to(clip)
    return links


@dataclass(slots=True)
class _Costs:
    """Of every round."""

    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)


def _throughput(clips: Sequence[Path], folder: Path, rounds: int) -> list[Measured]:
    """Starts of processes and loading of models are part of it, for both."""
    cores = num_cores()
    ways: dict[str, Callable[[], object]] = {OURS: partial(_ours, clips, folder)}
    for workers, threads in ((cores, 1), (cores, None), (cores + 1, 1)):
        name = f"{workers} processes, networks on {threads or 'all'} cores"
        ways[name] = partial(_by_hand, clips, workers, threads)
    costs = _interleave(ways, rounds)
    hands = [name for name in ways if name != OURS]
    best = min(hands, key=lambda name: statistics.median(costs[name].seconds))
    ours, theirs = costs[OURS], costs[best]
    rates = [len(clips) / statistics.median(one.seconds) for one in (ours, theirs)]
    used = [statistics.median(one.processor_seconds) for one in (ours, theirs)]
    return [
        Measured(
            f"{OURS} of {len(clips)} clips",
            _ratio(theirs.seconds, ours.seconds),
            f"Classifier by hand, the best of {len(hands)} ways: {best}",
            ">= 0.95",
            f"{rates[0]:.2f} videos/s against {rates[1]:.2f}",
            unit="of the videos a second",
        ),
        Measured(
            f"{OURS} of {len(clips)} clips",
            _ratio(ours.processor_seconds, theirs.processor_seconds),
            f"Classifier by hand: {best}",
            "<= 1.05",
            f"{used[0]:.1f} s against {used[1]:.1f} s",
            unit="of the processor time",
        ),
    ]


def _ratio(own: Sequence[float], other: Sequence[float]) -> float:
    return statistics.median(one / two for one, two in zip(own, other, strict=True))


def _interleave(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, _Costs]:
    """Every way in every round, after a first one that is not counted."""
    costs = {name: _Costs() for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start, used = time.perf_counter(), _processor_seconds()
            way()
            if number:
                costs[name].seconds.append(time.perf_counter() - start)
                costs[name].processor_seconds.append(_processor_seconds() - used)
    return costs


def _processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _ours(clips: Sequence[Path], folder: Path) -> None:
    source = folder / "list.txt"
    source.write_text("\n".join(str(clip.absolute()) for clip in clips))
    with tempfile.TemporaryDirectory(dir=folder) as output:
        run_batch(Batch(str(source), output))


def _by_hand(clips: Sequence[Path], workers: int, threads: int | None) -> None:
    context = multiprocessing.get_context("spawn")
    pool = context.Pool(workers, _load, (threads,))
    for _ in pool.imap_unordered(_classify, clips):
        pass
    # Ended in order, so that their processor time is counted.
    pool.close()
    pool.join()


def _load(threads: int | None) -> None:
    _classifiers.append(load_classifier(threads=threads))


def _classify(clip: Path) -> Classification:
    return _classifiers[0].classify(clip)


def _memory(folder: Path, count: int) -> Measured:
    """Of the parent and its workers, as rows go by."""
    clip = film(folder / "short.mp4", seconds=1, size="160x120")
    source = folder / "short"
    _linked(clip, source, count)
    samples: list[float] = []

    def rows_of(videos: Iterable[Video]) -> Iterator[Row]:
        for number, row in enumerate(Pool(Job(), num_cores()).rows(videos), 1):
            if number % SAMPLE_ROWS == 0:
                samples.append(_resident_megabytes())
            yield row

    summary = run_batch(Batch(str(source), str(folder / "out")), rows_of)
    fifth = max(1, len(samples) // 5)
    early, late = (statistics.median(part) for part in (samples[:fifth], samples[-fifth:]))
    return Measured(
        f"memory of {OURS}, the last fifth of {count} rows",
        late / early,
        "the first fifth",
        "<= 1.1",
        f"{late:.0f} MB against {early:.0f} MB, at most {max(samples):.0f} MB, in all"
        f" {1 + num_cores()} processes; {summary['videos_per_second']:.1f} videos/s",
        unit="of the memory",
    )


def _resident_megabytes() -> float:
    """Pages that processes share are counted for each."""
    pids = ["self", *(str(process.pid) for process in multiprocessing.active_children())]
    return sum(_resident_pages(pid) for pid in pids) * resource.getpagesize() / 1e6


def _resident_pages(pid: str) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
