"""Points and curves of one system: what validation chooses, and what lies between two points."""

# Dimensions: V videos.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.joint.curve.operating_points import WORTH_OF_DENSE

Point = Mapping[str, Any]
FloatArray = NDArray[np.float64]
# Places along the costs that curves have in common.
PLACES = 40


class Mixture(NamedTuple):
    """What a system does at a cost between two of its points: the one or the other, by chance."""

    accuracy: float
    right: FloatArray  # (V,) how likely the answer is right


def chosen(points: Sequence[Point], dense: float) -> Point:
    """The point of least loss on validation, unless another saves more than that is worth.

    As our own operating points are: loss in nats, and WORTH_OF_DENSE for `dense` GFLOPs.
    """
    return min(points, key=lambda p: price(p, dense))


def price(point: Point, dense: float) -> float:
    val = point["val"]
    return float(val["loss"]) + WORTH_OF_DENSE * float(val["gflops"]) / dense


def frontier(points: Sequence[Point]) -> list[Point]:
    """Points that no other beats on validation, by loss and cost; cheapest first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p["val"]["gflops"], p["val"]["loss"])):
        if not kept or point["val"]["loss"] < kept[-1]["val"]["loss"]:
            kept.append(point)
    return kept


def at_cost(points: Sequence[Point], gflops: float) -> Mixture | None:
    """On test, between the neighbours on the frontier, linearly; above its end the end.

    None where even the cheapest point costs more.
    """
    curve = sorted(frontier(points), key=lambda p: float(p["test"]["gflops"]))
    costs = [float(point["test"]["gflops"]) for point in curve]
    # What costs the same to rounding does cost the same.
    if gflops < costs[0] * (1 - 1e-9):
        return None
    above = int(np.searchsorted(costs, gflops))
    if above == 0 or above == len(costs):
        end = curve[min(above, len(costs) - 1)]
        return Mixture(float(end["test"]["accuracy"]), right_of(end))
    share = (gflops - costs[above - 1]) / (costs[above] - costs[above - 1])
    mixed = (1 - share) * right_of(curve[above - 1]) + share * right_of(curve[above])
    return Mixture(float(mixed.mean()), mixed)


def right_of(point: Point) -> FloatArray:
    """(V,) of 0 and 1, on test."""
    return np.array([float(digit) for digit in point["test"]["right"]])


def mean_curve(curves: Sequence[Sequence[Mapping[str, float]]]) -> tuple[FloatArray, FloatArray]:
    """Costs and accuracies: the seeds' mean over the costs that all of them have.

    Where these do not overlap, or there is but one point, one mean point.
    """
    ordered = [sorted((p["gflops"], p["accuracy"]) for p in curve) for curve in curves]
    low = max(curve[0][0] for curve in ordered)
    high = min(curve[-1][0] for curve in ordered)
    if high <= low:
        ends = np.array([np.mean(np.array(curve), axis=0) for curve in ordered]).mean(axis=0)
        return ends[:1], ends[1:]
    costs = np.geomspace(low, high, PLACES)
    accuracies = [np.interp(costs, *np.array(curve).T) for curve in ordered]
    return costs, np.mean(accuracies, axis=0)


class Lead(NamedTuple):
    """By how much one curve's accuracy is above another's, between two costs in GFLOPs."""

    least: float
    most: float
    low: float
    high: float


def lead_over(
    ours: Sequence[Sequence[Mapping[str, float]]], others: Sequence[Sequence[Mapping[str, float]]]
) -> Lead | None:
    """Of the seeds' mean curves, at equal cost; None where they have no cost in common."""
    (own_costs, own), (costs, accuracies) = mean_curve(ours), mean_curve(others)
    low, high = max(own_costs[0], costs[0]), min(own_costs[-1], costs[-1])
    if high < low:
        return None
    common = np.geomspace(low, high, PLACES)
    apart = np.interp(common, own_costs, own) - np.interp(common, costs, accuracies)
    return Lead(float(apart.min()), float(apart.max()), float(low), float(high))
