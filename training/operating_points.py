"""The accuracy/compute curve on validation, and the point to serve with."""

# Dimensions: V videos, S segments, M modalities.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from model.decisions import BoolArray, FloatArray, choose, keep_probabilities
from model.networks.adamml import AdaMML
from model.operating_points import dense_gflops
from model.spec import ModelSpec, OperatingPoint
from training.features import Features
from training.joint_objective import judge, recognition_logits
from training.targets import accuracy

NUM_THRESHOLDS = 200
# A curve travels in every spec and answers every GET /model.
MAX_POINTS = 40
# Accuracy that one gives for saving all of the dense compute. One validation video more is often
# chance, and was seen to cost eight times as much.
WORTH_OF_DENSE = 0.02


class Sweep(NamedTuple):
    """The curve, cheapest first, and the point to serve, of the model's own number of segments."""

    curve: tuple[OperatingPoint, ...]
    default: OperatingPoint


def sweep(model: AdaMML, val: Features, others: Iterable[Features] = ()) -> Sweep:
    """Over thresholds and numbers of segments; `others` are those besides the model's own."""
    own = measure(model, val)
    more = [point for features in others for point in measure(model, features)]
    return Sweep(thinned(frontier([*own, *more])), serving_point(own, dense_gflops(model.spec)))


def serving_point(points: Iterable[OperatingPoint], dense: float) -> OperatingPoint:
    """The most accurate point, unless another saves more than its accuracy is worth.

    `dense` GFLOPs are worth WORTH_OF_DENSE of accuracy.
    """
    return max(points, key=lambda point: point.accuracy - WORTH_OF_DENSE * point.gflops / dense)


@torch.no_grad()
def measure(model: AdaMML, features: Features) -> list[OperatingPoint]:
    """One point per threshold, deciding as serving does; the features are pooled."""
    model.eval()
    verdict = judge(model, features)
    logits = recognition_logits(model, features)
    probabilities = keep_probabilities(verdict.logits.float().cpu().numpy())
    available = features.available.cpu().numpy()
    points = []
    for threshold in thresholds(probabilities[available]):
        selected = _selected(model.spec, probabilities, available, threshold)
        decisions = torch.from_numpy(selected).to(logits)
        video = model.fuse(logits, decisions, verdict.exit_logits).video
        points.append(
            OperatingPoint(
                threshold=threshold,
                accuracy=accuracy(video.cpu(), features.targets.cpu()),
                gflops=_mean_gflops(model.spec, selected),
                segments=selected.shape[1],
            )
        )
    return points


def thresholds(probabilities: FloatArray) -> tuple[float, ...]:
    """0, 1 and quantiles of (N,) probabilities, each halfway between two that differ.

    A grid would be too coarse where many probabilities lie close together, and a threshold that
    equals one would leave its decision to rounding.
    """
    ordered = np.sort(probabilities)
    num = max(0, min(NUM_THRESHOLDS - 2, len(ordered) - 1))
    ranks = np.linspace(0, len(ordered) - 2, num).round().astype(int)
    above = np.searchsorted(ordered, ordered[ranks], side="right")
    above = np.unique(above[above < len(ordered)])
    between = (ordered[above - 1] + ordered[above]) / 2
    return tuple(sorted({0.0, 1.0, *between.tolist()}))


def frontier(points: Iterable[OperatingPoint]) -> list[OperatingPoint]:
    """Dominated points left out, cheapest first.

    A point is dominated when another is at least as accurate and cheaper, or as cheap and more
    accurate.
    """
    kept: list[OperatingPoint] = []
    for point in sorted(points, key=lambda point: (point.gflops, -point.accuracy)):
        if not kept or point.accuracy > kept[-1].accuracy:
            kept.append(point)
    return kept


def thinned(curve: Sequence[OperatingPoint], most: int = MAX_POINTS) -> tuple[OperatingPoint, ...]:
    """At most `most` (2 or more) points of a frontier, both ends among them.

    Without a point, every budget between it and the next one falls back to the one before: the
    point that goes first is the one where that loses least, accuracy times range of budgets.
    """
    left = list(curve)
    while len(left) > most:
        losses = [
            (point.accuracy - before.accuracy) * (after.gflops - point.gflops)
            for before, point, after in zip(left, left[1:], left[2:], strict=False)
        ]
        del left[1 + losses.index(min(losses))]
    return tuple(left)


def _selected(
    spec: ModelSpec, probabilities: FloatArray, available: BoolArray, threshold: float
) -> BoolArray:
    """(V, S, M)."""
    costs = spec.require_costs()
    macs = [costs.recognition[name].total for name in spec.modality_names]
    return np.stack(
        [
            choose(p, a, threshold=threshold, macs=macs, needs_one=not spec.policy.exits)
            for p, a in zip(probabilities, available, strict=True)
        ]
    )


def _mean_gflops(spec: ModelSpec, selected: BoolArray) -> float:
    costs = spec.require_costs()
    macs = np.array([costs.recognition[name].total for name in spec.modality_names])
    spent = (selected * macs).sum(axis=(1, 2)) + costs.policy.total * selected.shape[1]
    return float(spent.mean()) / 1e9
