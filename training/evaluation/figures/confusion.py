"""The confusion matrix: which class is taken for which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluation.figures.saving import new_figure, save
from training.evaluation.figures.served_outputs import Served

# With more classes numbers in the cells could not be read.
MAX_NUMBERED = 30


def confusion_matrix(served: Served) -> NDArray[np.int64]:
    """(K, K) videos: rows are the true classes, columns the predicted ones."""
    size = len(served.labels)
    counts = np.zeros((size, size), dtype=np.int64)
    np.add.at(counts, (served.truths, served.predicted), 1)
    return counts


def draw_confusion(served: Served, path: Path, *, title: str) -> None:
    """Shares of each true class, with the numbers of videos."""
    counts = confusion_matrix(served)
    size = len(served.labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    inches = min(max(5.0, 0.45 * size + 2.2), 24.0)
    figure = new_figure(inches + 0.8, inches)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    if size <= 100:
        axes.set_xticks(range(size), served.labels, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), served.labels)
    if size <= MAX_NUMBERED:
        for row, column in zip(*counts.nonzero(), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            words = str(counts[row, column])
            axes.text(column, row, words, ha="center", va="center", color=colour, fontsize=8)
    save(figure, path)
