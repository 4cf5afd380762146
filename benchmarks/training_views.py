"""Views of a training run's videos: from one pass over each, against a pass for every view."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.clips import film
from benchmarks.interleaved import Timings, interleave
from benchmarks.results import Measured
from model.files.bundle import read_spec
from model.inference.loading import BUNDLED_MODEL
from model.spec.model_spec import ModelSpec
from training.data.views import View, extract, extract_all

ROUNDS = 5
# As experiments/av13.toml has them, and its validation for the curve.
DRAWS = [View(10, draw) for draw in range(2)]
NUMBERS = [View(number) for number in (10, 1, 2, 3, 5)]


def measure(videos: Sequence[Path], *, rounds: int = ROUNDS) -> list[Measured]:
    """Of `videos`, or of one made, five seconds at 320x240 with sound."""
    spec = read_spec(BUNDLED_MODEL)
    with tempfile.TemporaryDirectory() as folder:
        clips = list(videos) or [film(Path(folder, "clip.mp4"), seconds=5, size="320x240")]
        ways: dict[str, Callable[[], object]] = {
            "draws together": _together(clips, spec, DRAWS),
            "draws apart": _apart(clips, spec, DRAWS),
            "numbers together": _together(clips, spec, NUMBERS),
            "numbers apart": _apart(clips, spec, NUMBERS),
        }
        timings = interleave(ways, rounds=rounds)
    return [
        _row(timings, "two draws of ten segments", "draws"),
        _row(timings, "validation at 1, 2, 3, 5 and 10 segments", "numbers"),
    ]


def _together(clips: Sequence[Path], spec: ModelSpec, views: Sequence[View]) -> Callable[[], None]:
    def run() -> None:
        for clip in clips:
            for _ in extract_all(clip, spec, views):
                pass

    return run


def _apart(clips: Sequence[Path], spec: ModelSpec, views: Sequence[View]) -> Callable[[], None]:
    def run() -> None:
        for clip in clips:
            for view in views:
                extract(clip, spec, view)

    return run


def _row(timings: Timings, name: str, what: str) -> Measured:
    own, other = f"{what} together", f"{what} apart"
    return Measured(
        f"{name}, from one pass",
        timings.ratio(own, other),
        "a pass for each",
        "<= 0.6",
        f"{timings.median(own):.2f} s against {timings.median(other):.2f} s",
        unit="of the time",
    )
