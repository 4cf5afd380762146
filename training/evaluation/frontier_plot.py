"""A picture of the frontier: top-1 accuracy over GFLOPs."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation.frontier import Frontier, Static


def plot_frontier(frontier: Frontier, path: Path, *, title: str) -> None:
    """Write an SVG or PNG, by the ending of `path`."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    _draw_static(axes, frontier.static)
    measured = sorted((one.score.gflops, one.score.accuracy) for one in frontier.adaptive)
    # A model that was never swept has no curve.
    if measured:
        axes.plot(*zip(*measured, strict=True), "o-", color="tab:blue", label="adaptive, by budget")
    axes.set(xscale="log", xlabel="GFLOPs a video", ylabel="top-1 accuracy", title=title)
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="lower right")
    # Without the date, so that the same figures give the same file.
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, dpi=120, metadata=metadata)


def _draw_static(axes: Axes, static: tuple[Static, ...]) -> None:
    points = sorted((one.score.gflops, one.score.accuracy) for one in static)
    axes.plot(*zip(*points, strict=True), ".", color="0.6", label="static: modalities x segments")
    best: list[tuple[float, float]] = []
    for gflops, accuracy in points:
        if not best or accuracy > best[-1][1]:
            best.append((gflops, accuracy))
    axes.step(
        *zip(*best, strict=True), where="post", color="0.4", linestyle="--", label="best static"
    )
