"""Processor time, children included: starting the decoder, and a whole request of a short clip."""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.clips import film
from benchmarks.results import Measured
from model.inference.loading import load_classifier
from model.inputs.ffmpeg.programs import programs

ROUNDS = 15


def measure_processor_time(folder: Path) -> list[Measured]:
    """Against the distribution's ffmpeg where there is one on PATH, else the pinned one."""
    path = film(folder / "small.mp4", seconds=5, size="320x240")
    other = shutil.which("ffmpeg") or programs().ffmpeg
    classifier = load_classifier()
    classifier.warm_up()
    seconds = _interleave(
        {
            "start": lambda: _run(programs().ffmpeg, "-version"),
            "other start": lambda: _run(other, "-version"),
            "request": lambda: classifier.classify(path),
            "whole": lambda: _run(other, *_whole(path)),
        }
    )
    return [
        _row(
            seconds, "start of the decoder", "start", "other start", "start of the ffmpeg on PATH"
        ),
        _row(
            seconds,
            "a request of a 5 s clip of 320x240, bundled model",
            "request",
            "whole",
            "decoding it whole by the ffmpeg on PATH, one thread",
            wanted="<= 1",
        ),
    ]


def _whole(path: Path) -> list[str]:
    """As one would call it: every frame, scaled, and all the sound."""
    frames = ["-map", "0:v:0", "-vf", "scale=-2:256", "-pix_fmt", "rgb24", "-f", "rawvideo"]
    sound = ["-map", "0:a:0", "-ac", "1", "-ar", "24000", "-f", "f32le"]
    source = ["-v", "error", "-nostdin", "-y", "-threads", "1", "-i", str(path)]
    return [*source, *frames, "/dev/null", *sound, "/dev/null"]


def _run(program: str, *arguments: str) -> None:
    subprocess.run([program, *arguments], stdout=subprocess.DEVNULL, check=True)


def _interleave(ways: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            before = _processor_seconds()
            way()
            seconds[name].append(_processor_seconds() - before)
    return seconds


def _processor_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _row(
    seconds: Mapping[str, list[float]],
    name: str,
    way: str,
    baseline: str,
    against: str,
    *,
    wanted: str = "<= 0.5",
) -> Measured:
    pairs = zip(seconds[way], seconds[baseline], strict=True)
    medians = [1000 * statistics.median(seconds[which]) for which in (way, baseline)]
    return Measured(
        name,
        statistics.median(mine / theirs for mine, theirs in pairs),
        against,
        wanted,
        f"{medians[0]:.1f} ms against {medians[1]:.1f} ms of processor time",
        unit="of the processor time",
    )
