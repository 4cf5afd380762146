"""The rows of a suite's table, scored on the test split for one seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from model.inference.operating_points import choose_point
from model.runtime.torch import TorchRuntime
from model.spec.model_spec import Modality
from training.configuration.config import TrainConfig
from training.data.sources.manifest import read_manifest
from training.evaluation.evaluate import (
    Score,
    decide_adaptive,
    score_adaptive,
    score_fixed,
    score_random,
)
from training.evaluation.frontier import Measured, measure_curve
from training.experiment.outputs import split_outputs
from training.experiment.segment_truth import informative
from training.experiment.suite import Row
from training.experiment.verdict import Verdict, verdict


class TestedRun:
    """A trained run on the test split; what networks say is computed once for all its rows."""

    def __init__(self, config: TrainConfig, checkpoint: Path) -> None:
        self.runtime = TorchRuntime.load(checkpoint, device="cpu")
        self._config = config
        self._outputs = cache(
            lambda segments: split_outputs(config, checkpoint, "test", segments=segments)
        )

    def score(self, row: Row) -> Score:
        """Of one way of deciding, the policy's cost included unless all is taken."""
        spec = self.runtime.spec
        if row.decisions == "all":
            outputs = self._outputs(spec.eval_segments)
            return score_fixed(self.runtime, outputs, spec.modality_names)
        if row.decisions == "policy":
            threshold, segments = self._point(row)
            return score_adaptive(self.runtime, self._outputs(segments), threshold)
        return self._at_random(row)

    def agreement(self, row: Row) -> Mapping[Modality, Verdict] | None:
        """How the policy's decisions agree with the truth; None where that is not known."""
        spec = self.runtime.spec
        threshold, segments = self._point(row)
        manifest = read_manifest(self._config.data.manifest)
        truth = informative(
            self._config.data.manifest, manifest.split("test"), spec.modality_names, segments
        )
        outputs = self._outputs(segments)
        # Videos that cannot be decoded are left out: then rows no longer tell whose they are.
        if truth is None or len(truth) != len(outputs):
            return None
        decided = decide_adaptive(self.runtime, outputs, threshold)
        selected = np.stack([choices.selected for _, choices in decided])
        labels = np.array([one.labels[0] for one in outputs])
        columns = enumerate(spec.modality_names)
        return {n: verdict(selected[..., c], truth[..., c].numpy(), labels) for c, n in columns}

    def promises(self) -> tuple[Measured, ...]:
        """Every point of the curve, and what it gives here."""
        return measure_curve(self.runtime, self._outputs)

    def _point(self, row: Row) -> tuple[float, int]:
        """Threshold and segments."""
        spec = self.runtime.spec
        if row.budget is None:
            return spec.threshold, spec.default_segments
        point = choose_point(spec, budget=row.budget, max_gflops=None)
        return point.threshold, point.segments or spec.eval_segments

    def _at_random(self, row: Row) -> Score:
        runtime = self.runtime
        threshold, segments = self._point(row)
        outputs = self._outputs(segments)
        if row.rates is None:
            rates = score_adaptive(runtime, outputs, threshold).selection
        else:
            # Given as shares of what is there; `score_random` takes shares of all segments.
            there = score_fixed(runtime, outputs, runtime.spec.modality_names).selection
            rates = {name: rate * there[name] for name, rate in row.rates.items()}
        return score_random(runtime, outputs, rates)
