"""The accuracy/compute curve on validation, and the point to serve with."""

# Dimensions: V videos, S segments, M modalities.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model.inference.decisions import BoolArray, FloatArray, choose, keep_probabilities
from model.inference.operating_points import dense_gflops, expected_loss
from model.networks.adamml import AdaMML
from model.spec.model_spec import ModelSpec, OperatingPoint
from training.data.targets import accuracy, recognition_loss
from training.features.features import Features
from training.joint.objective import policy_outputs, recognition_logits

NUM_THRESHOLDS = 200
# Between the probabilities on either side of a threshold: 500 times what runtimes differ by. On
# clips that did not choose them, points in narrower gaps did worse (halves of validation).
MIN_GAP = 1e-3
# A curve travels in every spec and answers every GET /model.
MAX_POINTS = 40
# Loss, in nats, that one accepts for saving all of the dense compute.
WORTH_OF_DENSE = 0.1


class Sweep(NamedTuple):
    """The curve, cheapest first, and the point to serve."""

    curve: tuple[OperatingPoint, ...]
    default: OperatingPoint


def sweep(
    model: AdaMML, val: Features, others: Iterable[Features] = (), *, mix: Tensor | None = None
) -> Sweep:
    """Over thresholds and numbers of segments; `others` are those besides the model's own.

    `mix`: targets whose mix of classes the expectations are for, see `mixed_like`.
    """
    points = [point for features in (val, *others) for point in measure(model, features, mix)]
    return Sweep(thinned(frontier(points)), serving_point(points, dense_gflops(model.spec)))


def dense_point(model: AdaMML, val: Features) -> Sweep:
    """For a baseline without a policy: no curve, and a threshold that keeps all."""
    return Sweep((), measure(model, val)[0])


def serving_point(points: Iterable[OperatingPoint], dense: float) -> OperatingPoint:
    """The point of least `penalized_loss`: of least loss, unless another saves more than that."""
    return min(points, key=lambda point: penalized_loss(point, dense))


def penalized_loss(point: OperatingPoint, dense: float) -> float:
    """Loss in nats, and what the compute is worth: WORTH_OF_DENSE for `dense` GFLOPs."""
    return expected_loss(point) + WORTH_OF_DENSE * point.gflops / dense


@torch.no_grad()
def measure(model: AdaMML, features: Features, mix: Tensor | None = None) -> list[OperatingPoint]:
    """One point per threshold, deciding as serving does; the features are pooled."""
    model.eval()
    policy = policy_outputs(model, features)
    logits = recognition_logits(model, features)
    returns = model.spec.policy.returns
    probabilities = keep_probabilities(policy.logits.float().cpu().numpy(), returns)
    available = features.available.cpu().numpy()
    points, targets = [], features.targets.cpu()
    weights = even_weights(len(targets)) if mix is None else mixed_like(targets, mix.cpu())
    for threshold in thresholds(probabilities[available]):
        selected = _selected(model.spec, probabilities, available, threshold)
        decisions = torch.from_numpy(selected).to(logits)
        video = model.fuse(logits, decisions, policy.exit_logits).video
        points.append(
            OperatingPoint(
                threshold=threshold,
                accuracy=accuracy(video.cpu(), targets, weights),
                loss=(recognition_loss(video.cpu(), targets) * weights).sum().item(),
                gflops=float(_gflops(model.spec, selected) @ weights.numpy()),
                segments=selected.shape[1],
            )
        )
    return points


def thresholds(probabilities: FloatArray) -> tuple[float, ...]:
    """0, 1 and quantiles of (N,) probabilities, each in the middle of the next gap of MIN_GAP.

    A grid would be too coarse where many probabilities lie close together. Those of a policy that
    tells but a few kinds of segments apart lie in heaps, and within a heap rounding would decide.
    """
    ordered = np.sort(probabilities.astype(np.float64))
    gaps = np.flatnonzero(np.diff(ordered) >= MIN_GAP)
    ranks = np.linspace(0, max(0, len(ordered) - 2), NUM_THRESHOLDS - 2)
    nearest = np.searchsorted(gaps, ranks)
    below = gaps[np.unique(nearest[nearest < len(gaps)])]
    between = (ordered[below] + ordered[below + 1]) / 2
    return tuple(sorted({0.0, 1.0, *between.tolist()}))


def frontier(points: Iterable[OperatingPoint]) -> list[OperatingPoint]:
    """Dominated points left out, cheapest first.

    A point is dominated when another has no more loss and is cheaper, or costs as much and has
    less. Not by accuracy: among few videos the best of many points is the luckiest one.
    """
    kept: list[OperatingPoint] = []
    for point in sorted(points, key=lambda point: (point.gflops, expected_loss(point))):
        if not kept or expected_loss(point) < expected_loss(kept[-1]):
            kept.append(point)
    return kept


def thinned(curve: Sequence[OperatingPoint], most: int = MAX_POINTS) -> tuple[OperatingPoint, ...]:
    """At most `most` (2 or more) points of a frontier, both ends among them.

    Without a point, every budget between it and the next one falls back to the one before: the
    point that goes first is the one where that loses least, loss times range of budgets.
    """
    left = list(curve)
    while len(left) > most:
        losses = [
            (expected_loss(before) - expected_loss(point)) * (after.gflops - point.gflops)
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


def _gflops(spec: ModelSpec, selected: BoolArray) -> FloatArray:
    """(V,) of (V, S, M) decisions."""
    costs = spec.require_costs()
    macs = np.array([costs.recognition[name].total for name in spec.modality_names])
    spent = (selected * macs).sum(axis=(1, 2)) + costs.policy.total * selected.shape[1]
    return np.asarray(spent / 1e9)


def even_weights(videos: int) -> Tensor:
    return torch.full((videos,), 1 / videos, dtype=torch.float64)


def mixed_like(targets: Tensor, others: Tensor) -> Tensor:
    """(V,) weights, of sum 1, under which classes are as frequent as among the `others`' targets.

    Post-stratification: where classes differ in cost, the mean over a few videos depends on which
    classes happen to be among them. A class that is missing here takes no part. Videos of several
    labels all weigh the same.
    """
    if targets.ndim > 1:
        return even_weights(len(targets))
    classes = int(max(targets.max(), others.max())) + 1
    here, there = (torch.bincount(t, minlength=classes).double() for t in (targets, others))
    weights = (there / here.clamp_min(1))[targets]
    return weights / weights.sum() if weights.sum() > 0 else even_weights(len(targets))
