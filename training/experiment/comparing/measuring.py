"""Every dial of every system, on validation and on test; kept beside the run below it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from torch import Tensor

from model.files.atomic_file import write_atomically
from model.inference.operating_points import dense_gflops
from training.compared.shared import Clips, Shared
from training.compared.systems import SYSTEMS, SystemName
from training.compared.trace import System, Trace, gflops
from training.configuration.config import TrainConfig
from training.data.sources.manifest import read_manifest
from training.data.targets import is_correct
from training.experiment.comparing.comparison import Comparison
from training.experiment.comparing.run_features import shared_features
from training.experiment.running import train_missing
from training.experiment.suite import run_config

logger = logging.getLogger(__name__)

# Below a run's output: a file for each system.
FOLDER = "compared"

# By row and seed: what `_measured` gives.
Measured = dict[str, dict[int, dict[str, Any]]]


def measure(comparison: Comparison, data: str) -> Measured:
    """Train what is missing, runs first; what is measured is not looked at again.

    After a change of a system, delete the folders "compared" of the runs.
    """
    trained = train_missing(comparison.on(data))
    results: Measured = {row.name: {} for row in comparison.rows}
    for seed in comparison.seeds:
        for run in comparison.runs:
            config, checkpoint = trained[run, seed]
            shared = cache(partial(shared_features, config, checkpoint))
            for row in comparison.rows:
                if row.run == run:
                    results[row.name][seed] = _kept(config, row.system, shared)
    return results


def groups_of_test(comparison: Comparison, data: str, measured: Measured) -> list[str] | None:
    """The source of each clip of the test split; None where some could not be read."""
    config = run_config(comparison.on(data), next(iter(comparison.runs)), comparison.seeds[0])
    groups = [sample.group for sample in read_manifest(config.data.manifest).split("test")]
    points = measured[comparison.reference][comparison.seeds[0]]["points"]
    return groups if len(points[0]["test"]["right"]) == len(groups) else None


def _kept(config: TrainConfig, system: SystemName, shared: Callable[[], Shared]) -> dict[str, Any]:
    path = config.output / FOLDER / f"{system}.json"
    if not path.exists():
        start = time.monotonic()
        measured = measure_system(shared(), system, config.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, partial(_write, json.dumps(measured, indent=1) + "\n"))
        seconds = time.monotonic() - start
        logger.info("%s, seed %d: %s in %.0f s", config.name, config.seed, system, seconds)
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


def measure_system(shared: Shared, name: SystemName, seed: int) -> dict[str, Any]:
    """Fit and trace: a point for each dial, cheapest first on validation."""
    kind = SYSTEMS[name]
    system = kind.fit(shared, seed)
    points = [
        {
            "dial": dial,
            "val": _point(shared, system, shared.val, dial),
            "test": _point(shared, system, shared.splits["test"], dial),
        }
        for dial in system.dials
    ]
    return {
        "system": name,
        "modalities": list(shared.names),
        "is_causal": kind.is_causal and not _sees_whole(shared, name),
        "dense_gflops": dense_gflops(shared.model.spec),
        "points": sorted(points, key=lambda point: float(point["val"]["gflops"])),
    }


def _sees_whole(shared: Shared, name: SystemName) -> bool:
    """Whether it is ours, with a policy that judges each segment by all of them."""
    return name == "adamml" and shared.model.spec.policy.sees_whole


def _point(shared: Shared, system: System, clips: Clips, dial: str) -> dict[str, Any]:
    """`right`: a digit for each video, 1 where the answer is."""
    trace = system.run(clips, dial)
    right = is_correct(trace.logits, clips.targets)
    kept = trace.computed.float().mean(dim=(0, 1)).tolist()
    spent = gflops(trace, shared.costs, shared.names, system)
    return {
        "loss": clips.loss(trace.logits),
        "accuracy": right.double().mean().item(),
        "gflops": spent.mean().item(),
        "segments": _segments(trace.computed),
        "selection": dict(zip(shared.names, kept, strict=True)),
        "found": _found(trace, clips),
        "right": "".join(str(int(one)) for one in right.tolist()),
    }


def _found(trace: Trace, clips: Clips) -> float | None:
    """Share of the videos of which something that tells the label is computed."""
    if clips.informative is None:
        return None
    return (trace.computed & clips.informative).any(dim=(1, 2)).double().mean().item()


def _segments(computed: Tensor) -> float:
    """Segments of a video in which anything is computed, on average."""
    return computed.any(dim=-1).sum(dim=1).double().mean().item()


def _write(text: str, path: Path) -> None:
    path.write_text(text)
