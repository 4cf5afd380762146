"""The rows of a suite's table, scored on the test split for one seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from model.runtime.torch import TorchRuntime
from training.configuration.config import TrainConfig
from training.evaluation.evaluate import Outputs, Score, score_adaptive, score_fixed, score_random
from training.experiment.outputs import split_outputs
from training.experiment.suite import Row


class TestedRun:
    """A trained run on the test split; what networks say is computed once for all its rows."""

    def __init__(self, config: TrainConfig, checkpoint: Path) -> None:
        self.runtime = TorchRuntime.load(checkpoint, device="cpu")
        self._outputs = cache(
            lambda segments: split_outputs(config, checkpoint, "test", segments=segments)
        )

    def score(self, row: Row) -> Score:
        """Of one way of deciding, the policy's cost included unless all is taken."""
        spec = self.runtime.spec
        if row.decisions == "all":
            outputs = self._outputs(spec.eval_segments)
            return score_fixed(self.runtime, outputs, spec.modality_names)
        outputs = self._outputs(spec.default_segments)
        if row.decisions == "policy":
            return score_adaptive(self.runtime, outputs, spec.threshold)
        return self._at_random(row, outputs)

    def _at_random(self, row: Row, outputs: Sequence[Outputs]) -> Score:
        runtime = self.runtime
        if row.rates is None:
            rates = score_adaptive(runtime, outputs, runtime.spec.threshold).selection
        else:
            # Given as shares of what is there; `score_random` takes shares of all segments.
            there = score_fixed(runtime, outputs, runtime.spec.modality_names).selection
            rates = {name: rate * there[name] for name, rate in row.rates.items()}
        return score_random(runtime, outputs, rates)
