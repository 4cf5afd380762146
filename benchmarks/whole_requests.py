"""Whole requests at paper size: decoding, flow, networks; adaptive against all modalities."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import film
from benchmarks.interleaved import interleave
from benchmarks.paper_model import BUNDLE, ROUNDS, SEGMENTS, decisions, paper_model, paper_runtime
from benchmarks.results import Measured
from model.classification import ClassifyOptions
from model.classifier import Classifier
from model.cores import num_cores
from model.runtime.base import Array, Judgement
from model.runtime.openvino import OpenvinoRuntime


class DecidedRuntime(OpenvinoRuntime):
    """Its policy is computed as ever, and then overruled: random weights decide nothing useful."""

    turns = itertools.count()

    def judge(self, features: Sequence[Array], available: NDArray[np.bool_]) -> Judgement:
        judgement = super().judge(features, available)
        kept = decisions(self.spec, next(self.turns))
        logits = np.stack([~kept, kept], axis=-1).astype(np.float32) * 10
        return Judgement(logits, judgement.exit_logits)


def measure() -> list[Measured]:
    """A clip of 10 s, 1280x720, with sound; decisions at the paper's rates."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paper_runtime(paper_model(), folder, threads=num_cores())
        classifier = Classifier(DecidedRuntime.load(folder / BUNDLE))
        clip = film(folder / "clip.mp4", seconds=10, key_frames=250)
        options = {
            "adaptive": ClassifyOptions(segments=SEGMENTS),
            "all": ClassifyOptions(segments=SEGMENTS, policy="all"),
        }
        timings = interleave(
            {
                name: lambda one=one: classifier.classify(clip, one)  # type: ignore[misc]
                for name, one in options.items()
            },
            rounds=ROUNDS,
        )
    return [
        Measured(
            "whole request of a 10 s clip, adaptive",
            timings.ratio("adaptive", "all"),
            "policy=all",
            "<= 0.65",
            f"{timings.median('adaptive'):.2f} s against {timings.median('all'):.2f} s",
            unit="of the time",
        )
    ]
