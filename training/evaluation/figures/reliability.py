"""The reliability diagram (Guo et al., arXiv:1706.04599): is a score of 0.8 right in 8 of 10?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluation.figures.saving import new_figure, save
from training.evaluation.figures.served_outputs import Served

NUM_BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """By bin of the best label's score; NaN where a bin is empty. `error` is the expected
    calibration error: the mean gap between score and accuracy, weighted by videos."""

    counts: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    score: NDArray[np.float64]
    error: float


def reliability(served: Served, *, bins: int = NUM_BINS) -> Reliability:
    """Bins are equally wide and half-open, but for the last, which has 1."""
    best = served.scores.max(axis=1)
    is_right = served.predicted == served.truths
    places = np.minimum((best * bins).astype(int), bins - 1)
    counts = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        accuracy = np.bincount(places, weights=is_right, minlength=bins) / counts
        score = np.bincount(places, weights=best, minlength=bins) / counts
    gaps = np.nan_to_num(np.abs(accuracy - score))
    return Reliability(counts, accuracy, score, float((gaps * counts).sum() / counts.sum()))


def draw_reliability(served: Served, path: Path, *, title: str) -> None:
    """Accuracy over score, above the number of videos in each bin."""
    found = reliability(served)
    figure = new_figure(5, 5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    edges = np.arange(NUM_BINS) / NUM_BINS
    style = {"width": 1 / NUM_BINS, "align": "edge", "edgecolor": "white"}
    above.bar(edges, np.nan_to_num(found.accuracy), color="#0072B2", label="accuracy", **style)
    above.plot([0, 1], [0, 1], "--", color="0.4", label="perfectly calibrated")
    above.plot(found.score, found.accuracy, "o", color="#D55E00", label="mean score of the bin")
    above.set(ylim=(0, 1.02), ylabel="accuracy", title=title)
    title = f"expected calibration error {found.error:.3f}"
    above.legend(loc="upper left", fontsize=8, title=title, title_fontsize=8)
    below.bar(edges, found.counts, color="0.6", **style)
    below.set(xlim=(0, 1), xlabel="score of the best label", ylabel="videos")
    save(figure, path)
