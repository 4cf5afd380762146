"""All pictures of one evaluation, in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.runtime.base import Runtime
from training.data.sources.sample import Sample
from training.evaluation.figures.confusion import draw_confusion
from training.evaluation.figures.reliability import draw_reliability
from training.evaluation.figures.selection import draw_selection
from training.evaluation.figures.served_outputs import served_outputs
from training.evaluation.frontier import Frontier, frontier_of, frontier_outputs
from training.evaluation.frontier_plot import plot_frontier

NAMES = ("confusion.png", "selection.png", "reliability.png", "frontier.png")


def draw_evaluation(
    runtime: Runtime, samples: Sequence[Sample], folder: Path, *, title: str
) -> Frontier:
    """Measure the frontier once, and write NAMES into `folder`, which is made.

    Raises:
        ValueError: no video could be read, or none has exactly one label.
    """
    outputs = frontier_outputs(runtime, samples)
    frontier = frontier_of(runtime, outputs, num_videos=len(samples))
    spec = runtime.spec
    served = served_outputs(runtime, outputs[spec.default_segments], spec.threshold)
    folder.mkdir(parents=True, exist_ok=True)
    confusion, selection, reliability, curve = (folder / name for name in NAMES)
    draw_confusion(served, confusion, title=title)
    draw_selection(served, selection, title=title)
    draw_reliability(served, reliability, title=title)
    plot_frontier(frontier, curve, title=title)
    return frontier
