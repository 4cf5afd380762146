"""How often each modality is selected, class by class (the paper's Figure 4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluation.figures.saving import COLOURS, new_figure, save
from training.evaluation.figures.served_outputs import Served


def selection_by_class(served: Served) -> NDArray[np.float64]:
    """(K, M) shares of segments; NaN for a class of which there is no video."""
    rates = np.full((len(served.labels), len(served.modalities)), np.nan)
    for index in np.unique(served.truths):
        rates[index] = served.selection[served.truths == index].mean(axis=0)
    return rates


def draw_selection(served: Served, path: Path, *, title: str) -> None:
    """A group of bars a class; classes without a video are left out."""
    rates = selection_by_class(served)
    present = [index for index in range(len(rates)) if not np.isnan(rates[index, 0])]
    count = len(served.modalities)
    height = 0.8 / count
    figure = new_figure(7, max(2.6, 0.2 * count * len(present) + 1.4))
    axes = figure.subplots()
    for column, name in enumerate(served.modalities):
        places = np.arange(len(present)) + (column - (count - 1) / 2) * height
        axes.barh(places, rates[present, column], height, color=COLOURS[name], label=name)
    axes.set_yticks(range(len(present)), [served.labels[index] for index in present])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of segments in which it is computed", title=title)
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=count, frameon=False)
    save(figure, path)
