"""The accuracy/compute curve on validation, and the threshold to serve with."""

from __future__ import annotations

from model.spec import OperatingPoint
from training.features import Features
from training.joint import JointTrainer

THRESHOLDS = tuple(step / 40 for step in range(1, 40))


def sweep(trainer: JointTrainer, val: Features) -> tuple[OperatingPoint, ...]:
    """One point per threshold, dominated ones left out, cheapest first.

    A point is dominated when another is at least as accurate and cheaper, or as cheap and more
    accurate.
    """
    points = []
    for threshold in THRESHOLDS:
        result = trainer.validate(val, threshold=threshold)
        gflops = result.macs / 1e9
        points.append(OperatingPoint(threshold=threshold, accuracy=result.accuracy, gflops=gflops))
    frontier: list[OperatingPoint] = []
    for point in sorted(points, key=lambda point: (point.gflops, -point.accuracy)):
        if not frontier or point.accuracy > frontier[-1].accuracy:
            frontier.append(point)
    return tuple(frontier)


def best_point(curve: tuple[OperatingPoint, ...]) -> OperatingPoint:
    """The most accurate point; the cheapest of those that tie."""
    return max(curve, key=lambda point: (point.accuracy, -point.gflops))
