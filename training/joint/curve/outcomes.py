"""What each threshold gave for each validation video: the ground of the curve and its promises."""

# Dimensions: P points, V videos, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.inference.decisions import BoolArray, FloatArray, choose, keep_probabilities
from model.networks.adamml import AdaMML
from model.spec.model_spec import ModelSpec, OperatingPoint
from training.data.targets import accuracy, is_correct, recognition_loss
from training.features.features import Features
from training.joint.objective import policy_outputs, recognition_logits

Doubles = NDArray[np.float64]

NUM_THRESHOLDS = 200
# Between the probabilities on either side of a threshold: 500 times what runtimes differ by. On
# clips that did not choose them, points in narrower gaps did worse (halves of validation).
MIN_GAP = 1e-3


@dataclass(frozen=True, slots=True)
class Outcomes:
    """By point and video. `points` are means over the videos, by the weights they were made with;
    the first one of each number of segments keeps everything."""

    points: tuple[OperatingPoint, ...]
    losses: Doubles  # (P, V) nats
    gflops: Doubles  # (P, V)
    right: Doubles  # (P, V), 1 where the likeliest label is the video's or one of them


def joined(several: Iterable[Outcomes]) -> Outcomes:
    """Of the same videos, such as those by several numbers of segments."""
    all_of = list(several)
    return Outcomes(
        points=tuple(point for one in all_of for point in one.points),
        losses=np.concatenate([one.losses for one in all_of]),
        gflops=np.concatenate([one.gflops for one in all_of]),
        right=np.concatenate([one.right for one in all_of]),
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """One threshold tried on V videos: (V, K) logits of the videos, and (V,) GFLOPs."""

    threshold: float
    segments: int
    logits: Tensor
    gflops: FloatArray


def outcomes(trials: Iterable[Trial], targets: Tensor, weights: Tensor) -> Outcomes:
    """`targets`: see training.data.targets; `weights`: (V,) of sum 1."""
    points, losses, gflops, right = [], [], [], []
    for trial in trials:
        loss = recognition_loss(trial.logits, targets)
        points.append(
            OperatingPoint(
                threshold=trial.threshold,
                accuracy=accuracy(trial.logits, targets, weights),
                loss=(loss * weights).sum().item(),
                gflops=float(trial.gflops @ weights.numpy()),
                segments=trial.segments,
            )
        )
        losses.append(loss.double().numpy())
        gflops.append(np.asarray(trial.gflops, dtype=np.float64))
        right.append(is_correct(trial.logits, targets).double().numpy())
    return Outcomes(tuple(points), np.stack(losses), np.stack(gflops), np.stack(right))


@torch.no_grad()
def measure(model: AdaMML, features: Features, mix: Tensor | None = None) -> Outcomes:
    """One point per threshold, deciding as serving does; the features are pooled."""
    model.eval()
    targets = features.targets.cpu()
    weights = even_weights(len(targets)) if mix is None else mixed_like(targets, mix.cpu())
    return outcomes(_trials(model, features), targets, weights)


def _trials(model: AdaMML, features: Features) -> Iterator[Trial]:
    policy = policy_outputs(model, features)
    logits = recognition_logits(model, features)
    returns = model.spec.policy.returns
    probabilities = keep_probabilities(policy.logits.float().cpu().numpy(), returns)
    available = features.available.cpu().numpy()
    for threshold in thresholds(probabilities[available]):
        selected = _selected(model.spec, probabilities, available, threshold)
        decisions = torch.from_numpy(selected).to(logits)
        video = model.fuse(logits, decisions, policy.exit_logits).video
        yield Trial(threshold, selected.shape[1], video.cpu(), _gflops(model.spec, selected))


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
