"""Running a suite: every run of every seed that is not trained yet, then every row."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from model.spec.model_spec import Modality
from training.configuration.config import TrainConfig
from training.evaluation.evaluate import Score
from training.evaluation.frontier import Measured
from training.experiment.scores import TestedRun
from training.experiment.suite import Row, Runs, Suite, run_config
from training.experiment.verdict import Verdict
from training.train import train

logger = logging.getLogger(__name__)


class Scored(NamedTuple):
    """`agreement` where the truth of every segment is known and a policy decides."""

    score: Score
    agreement: Mapping[Modality, Verdict] | None


# Rows' scores by seed.
Scores = Mapping[str, Mapping[int, Scored]]
# Of runs, by seed, every point of the curve.
Promises = Mapping[str, Mapping[int, Sequence[Measured]]]


class SuiteResults(NamedTuple):
    """`promises`: of the runs in which a policy decides; none unless the suite compares."""

    scores: Scores
    promises: Promises


def run_suite(suite: Suite) -> SuiteResults:
    """Train what is missing, one run after the other, then score all rows on the test split.

    Killed and started again it goes on where it was. A finished run is not looked at again: after
    a change of data, delete its folder.

    Raises:
        ValueError: a run's configuration is wrong; all are checked before the first is trained.
    """
    tested = {job: TestedRun(*trained) for job, trained in train_missing(suite).items()}
    scores = {
        row.name: {seed: _scored(tested[row.run, seed], row) for seed in suite.seeds}
        for row in suite.rows
    }
    decide = {row.run: None for row in suite.rows if row.decisions == "policy" and suite.compares}
    promises = {run: {seed: tested[run, seed].promises() for seed in suite.seeds} for run in decide}
    return SuiteResults(scores, promises)


def _scored(run: TestedRun, row: Row) -> Scored:
    return Scored(run.score(row), run.agreement(row) if row.decisions == "policy" else None)


def train_missing(suite: Runs) -> dict[tuple[str, int], tuple[TrainConfig, Path]]:
    """The configuration and the checkpoint of every run and seed; raises as `run_suite`."""
    jobs = [(run, seed) for seed in suite.seeds for run in suite.runs]
    configs = {job: run_config(suite, *job) for job in jobs}
    trained = {}
    for number, (job, config) in enumerate(configs.items(), start=1):
        path = config.output / f"{config.name}.safetensors"
        if not path.exists():
            logger.info("run %d of %d: %s, seed %d", number, len(jobs), *job)
            start = time.monotonic()
            path = train(config)
            logger.info("trained in %.0f s", time.monotonic() - start)
        trained[job] = (config, path)
    return trained
