"""What validation said of a suite's runs: prices that chose their points, and their promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model.files.checkpoint import read_spec
from model.inference.operating_points import dense_gflops
from training.evaluation.frontier import Measured
from training.experiment.scores import TestedRun
from training.experiment.suite import Suite, run_config
from training.joint.curve.operating_points import penalized_loss


def validation_prices(suite: Suite) -> Mapping[str, Mapping[int, float]]:
    """By row in which a policy decides, and seed: the least `penalized_loss` of the run's curve.

    The runs must be trained, see `run_suite`.
    """
    return {
        row.name: {seed: _price(suite, row.run, seed) for seed in suite.seeds}
        for row in suite.rows
        if row.decisions == "policy"
    }


def _price(suite: Suite, run: str, seed: int) -> float:
    config = run_config(suite, run, seed)
    spec = read_spec(config.output / f"{config.name}.safetensors")
    dense = dense_gflops(spec)
    return min(penalized_loss(point, dense) for point in spec.curve)


def kept_promises(suite: Suite) -> list[dict[str, Any]]:
    """By run in which a policy decides: for each seed, every point of its curve.

    Empty unless the suite compares. The runs must be trained, see `run_suite`.
    """
    decides = {row.run: None for row in suite.rows if row.decisions == "policy"}
    if not suite.compares:
        return []
    return [
        {"run": run, "seeds": [_points(suite, run, seed) for seed in suite.seeds]}
        for run in decides
    ]


def _points(suite: Suite, run: str, seed: int) -> Sequence[Mapping[str, Any]]:
    config = run_config(suite, run, seed)
    measured = TestedRun(config, config.output / f"{config.name}.safetensors").promises()
    return [_as_dict(one) for one in measured]


def _as_dict(one: Measured) -> dict[str, Any]:
    return {
        "promised": one.promised.model_dump(),
        "accuracy": one.score.accuracy,
        "gflops": one.score.gflops,
        "within": one.verdict,
    }
