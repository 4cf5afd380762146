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
