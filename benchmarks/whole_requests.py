"""Whole requests at paper size: decoding, flow, networks; adaptive against all modalities."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import film
from benchmarks.interleaved import Timings, interleave
from benchmarks.paper_model import BUNDLE, ROUNDS, SEGMENTS, decisions, paper_model, paper_runtime
from benchmarks.results import Measured
from model.common.cores import num_cores
from model.files.bundle import Bundle, read_bundle
from model.inference.classification import Classification, ClassifyOptions, PolicyMode
from model.inference.classifier import Classifier
from model.runtime.base import Array, PolicyOutput
from model.runtime.openvino import OpenvinoRuntime

ADAPTIVE = "adaptive"
OVERLAPPING = "adaptive, the policy looking on while segments are decoded"
DENSE = "policy=all"


class DecidedRuntime(OpenvinoRuntime):
    """Its policy is computed as ever, and then overruled: random weights decide nothing useful."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self._turns = itertools.count()

    def policy_output(
        self, features: Sequence[Array], available: NDArray[np.bool_]
    ) -> PolicyOutput:
        output = super().policy_output(features, available)
        kept = decisions(self.spec, next(self._turns))
        logits = np.stack([~kept, kept], axis=-1).astype(np.float32) * 10
        return PolicyOutput(logits, output.exit_logits)


def measure() -> list[Measured]:
    """A clip of 10 s, 1280x720, with sound; decisions at the paper's rates."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paper_runtime(paper_model(), folder, threads=num_cores())
        bundle = read_bundle(folder / BUNDLE)
        clip = film(folder / "clip.mp4", seconds=10, key_frames=250)
        timings = interleave(
            {
                ADAPTIVE: _way(bundle, clip, policy="adaptive", overlaps=False),
                OVERLAPPING: _way(bundle, clip, policy="adaptive", overlaps=True),
                DENSE: _way(bundle, clip, policy="all", overlaps=False),
            },
            rounds=ROUNDS,
        )
    return [
        _row(timings, ADAPTIVE, DENSE, "<= 0.65"),
        # On two cores decoding leaves nothing idle to gain; there it is off, see `Classifier`.
        _row(timings, OVERLAPPING, ADAPTIVE, "<= 1.1"),
    ]


def _way(
    bundle: Bundle, clip: Path, *, policy: PolicyMode, overlaps: bool
) -> Callable[[], Classification]:
    classifier = Classifier(DecidedRuntime(bundle), overlaps=overlaps)
    options = ClassifyOptions(segments=SEGMENTS, policy=policy)
    return lambda: classifier.classify(clip, options)


def _row(timings: Timings, way: str, baseline: str, wanted: str) -> Measured:
    return Measured(
        f"whole request of a 10 s clip, {way}",
        timings.ratio(way, baseline),
        baseline,
        wanted,
        f"{timings.median(way):.2f} s against {timings.median(baseline):.2f} s",
        unit="of the time",
    )
