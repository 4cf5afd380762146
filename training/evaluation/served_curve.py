"""The accuracy/compute curve of a bundle measured anew, as it is served: after a change of decoder.

python -m training.evaluation.served_curve MANIFEST BUNDLE NEW_BUNDLE [SEGMENTS...]
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.files.bundle import read_bundle, write_bundle
from model.inference.decisions import Choices, choose
from model.inference.loading import load_runtime
from model.inference.operating_points import dense_gflops
from model.runtime.base import Runtime
from model.spec.model_spec import OperatingPoint
from training.data.sources.manifest import Manifest, read_manifest
from training.data.targets import accuracy, recognition_loss
from training.evaluation.evaluate import Outputs, compute_outputs, video_logits
from training.joint.operating_points import (
    Sweep,
    frontier,
    mixed_like,
    serving_point,
    thinned,
    thresholds,
)

logger = logging.getLogger(__name__)

DEFAULT_SEGMENTS = (1, 2, 3, 5, 10)


def sweep_served(runtime: Runtime, manifest: Manifest, segments: Sequence[int]) -> Sweep:
    """On validation, for the training videos' mix of classes, as `operating_points.sweep` does it
    from features in training.

    Raises ValueError for a manifest of several labels a video.
    """
    if manifest.is_multi_label:
        raise ValueError("a curve is measured anew for one label a video only")
    known = runtime.spec.labels.index
    mix = torch.tensor([known(sample.label) for sample in manifest.split("train")])
    points = []
    for number in segments:
        outputs = compute_outputs(runtime, manifest.split("val"), segments=number)
        points += measure_served(runtime, outputs, mix)
        logger.info("%d segments: %d points so far", number, len(points))
    return Sweep(thinned(frontier(points)), serving_point(points, dense_gflops(runtime.spec)))


def measure_served(
    runtime: Runtime, outputs: Sequence[Outputs], mix: Tensor
) -> list[OperatingPoint]:
    """One point for each threshold."""
    targets = torch.tensor([one.labels[0] for one in outputs])
    weights = mixed_like(targets, mix)
    probabilities = np.concatenate([one.probabilities[one.available] for one in outputs])
    return [
        _point(runtime, outputs, threshold, targets, weights)
        for threshold in thresholds(probabilities)
    ]


def _point(
    runtime: Runtime, outputs: Sequence[Outputs], threshold: float, targets: Tensor, weights: Tensor
) -> OperatingPoint:
    spec, costs = runtime.spec, runtime.spec.require_costs()
    macs = [costs.recognition[name].total for name in spec.modality_names]
    logits, spent = [], []
    for one in outputs:
        selected = choose(
            one.probabilities,
            one.available,
            threshold=threshold,
            macs=macs,
            needs_one=not spec.policy.exits,
        )
        choices = Choices(selected, one.available, one.probabilities, one.exit_logits)
        logits.append(video_logits(runtime, one, choices))
        spent.append((selected * macs).sum() + costs.policy.total * len(selected))
    video = torch.from_numpy(np.stack(logits))
    return OperatingPoint(
        threshold=threshold,
        accuracy=accuracy(video, targets, weights),
        loss=(recognition_loss(video, targets) * weights).sum().item(),
        gflops=float(np.array(spent) / 1e9 @ weights.numpy()),
        segments=len(outputs[0].probabilities),
    )


def rewrite(manifest: Path, bundle: Path, target: Path, segments: Sequence[int]) -> Sweep:
    """Write `bundle` to `target` with its curve and its serving point measured anew."""
    read = read_bundle(bundle)
    sweep = sweep_served(load_runtime(bundle), read_manifest(manifest), segments)
    changes = {
        "curve": sweep.curve,
        "threshold": sweep.default.threshold,
        "served_segments": sweep.default.segments,
    }
    write_bundle(target, read.spec.model_copy(update=changes), read.graphs)
    return sweep


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    source, old, new = (Path(name) for name in sys.argv[1:4])
    found = rewrite(source, old, new, [int(number) for number in sys.argv[4:]] or DEFAULT_SEGMENTS)
    for point in (*found.curve, found.default):
        logger.info("%s", point)
