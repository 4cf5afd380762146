"""What the policies' operating points were chosen by, on validation."""

from __future__ import annotations

from collections.abc import Mapping

from model.files.checkpoint import read_spec
from model.inference.operating_points import dense_gflops
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
