"""The accuracy/compute curve of a bundle measured anew, as it is served: after a change of decoder.

python -m training.evaluation.served_curve MANIFEST BUNDLE NEW_BUNDLE [SEGMENTS...]
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.files.bundle import read_bundle, write_bundle
from model.inference.loading import load_runtime
from model.inference.operating_points import dense_gflops
from model.runtime.base import Runtime
from training.data.sources.manifest import Manifest, read_manifest
from training.data.sources.sample import Sample
from training.evaluation.evaluate import Outputs, compute_outputs, decide_adaptive, video_logits
from training.joint.curve.operating_points import Sweep, sweep_of
from training.joint.curve.outcomes import Outcomes, Trial, joined, mixed_like, outcomes, thresholds

logger = logging.getLogger(__name__)

DEFAULT_SEGMENTS = (1, 2, 3, 5, 10)


def sweep_served(runtime: Runtime, manifest: Manifest, segments: Sequence[int]) -> Sweep:
    """On validation, for the training videos' mix of classes, as `operating_points.sweep` does it
    from features in training.

    Raises ValueError for a manifest of several labels a video, or where a video can be read on
    some numbers of segments only.
    """
    if manifest.is_multi_label:
        raise ValueError("a curve is measured anew for one label a video only")
    known = runtime.spec.labels.index
    mix = torch.tensor([known(sample.label) for sample in manifest.split("train")])
    val = manifest.split("val")
    targets = torch.tensor([known(sample.label) for sample in val])
    measured = joined(
        _measure(runtime, val, mix, number) for number in _own_first(runtime, segments)
    )
    groups = [sample.group for sample in val]
    return sweep_of(measured, targets, dense_gflops(runtime.spec), mix=mix, groups=groups)


def _own_first(runtime: Runtime, segments: Sequence[int]) -> list[int]:
    """Everything on the model's own number is what other points are held against."""
    own = runtime.spec.eval_segments
    return [own, *(number for number in segments if number != own)]


def _measure(runtime: Runtime, val: Sequence[Sample], mix: Tensor, segments: int) -> Outcomes:
    outputs = compute_outputs(runtime, val, segments=segments)
    if len(outputs) != len(val):
        raise ValueError(f"{len(val) - len(outputs)} of {len(val)} videos could not be read")
    measured = measure_served(runtime, outputs, mix)
    logger.info("%d segments: %d points", segments, len(measured.points))
    return measured


def measure_served(runtime: Runtime, outputs: Sequence[Outputs], mix: Tensor) -> Outcomes:
    """One point for each threshold."""
    targets = torch.tensor([one.labels[0] for one in outputs])
    return outcomes(_trials(runtime, outputs), targets, mixed_like(targets, mix))


def _trials(runtime: Runtime, outputs: Sequence[Outputs]) -> Iterator[Trial]:
    costs = runtime.spec.require_costs()
    macs = [costs.recognition[name].total for name in runtime.spec.modality_names]
    probabilities = np.concatenate([one.probabilities[one.available] for one in outputs])
    for threshold in thresholds(probabilities):
        decided = decide_adaptive(runtime, outputs, threshold)
        logits = np.stack([video_logits(runtime, one, choices) for one, choices in decided])
        spent = [
            (choices.selected * macs).sum() + costs.policy.total * len(choices.selected)
            for _, choices in decided
        ]
        number = len(outputs[0].probabilities)
        yield Trial(threshold, number, torch.from_numpy(logits), np.array(spent) / 1e9)


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
