"""Curves of a training run, from its log: losses, accuracy and selection rates over epochs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from training.evaluation.figures.saving import COLOURS, new_figure, save
from training.run.run_log import LOG_NAME

CURVES_NAME = "curves.png"
_LOSSES = ("loss", "train_loss", "recognition_loss", "policy_loss", "val_loss")
_ACCURACIES = tuple(name.replace("loss", "accuracy") for name in _LOSSES)


def read_epochs(folder: Path) -> list[dict[str, Any]]:
    """The log's lines of epochs, in the order in which they ran."""
    lines = (json.loads(line) for line in (folder / LOG_NAME).read_text().splitlines())
    return [line for line in lines if line["kind"] == "epoch"]


def draw_training(folder: Path) -> Path | None:
    """Write CURVES_NAME into a run's folder; None where its log has no epochs."""
    epochs = read_epochs(folder)
    if not epochs:
        return None
    figure = new_figure(10, 8)
    losses, accuracies, rates = figure.subplots(3, 1, sharex=True)
    _draw(losses, epochs, _LOSSES, "loss")
    _draw(accuracies, epochs, _ACCURACIES, "accuracy")
    _draw_rates(rates, epochs)
    rates.set_xlabel("epochs, one stage after the other")
    for axes in (losses, accuracies, rates):
        _mark_stages(axes, epochs, names=axes is losses)
    save(figure, folder / CURVES_NAME)
    return folder / CURVES_NAME


def _draw(axes: Axes, epochs: Sequence[dict[str, Any]], names: Sequence[str], label: str) -> None:
    for name in names:
        for number, (places, values) in enumerate(_pieces(epochs, name)):
            shown = name.replace("_", " ") if number == 0 else None
            axes.plot(places, values, ".-", label=shown, color=_colour(names, name))
    axes.set_ylabel(label)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _draw_rates(axes: Axes, epochs: Sequence[dict[str, Any]]) -> None:
    flat = [{"stage": one["stage"], **(one.get("val_selection") or {})} for one in epochs]
    for name, colour in COLOURS.items():
        for number, (places, values) in enumerate(_pieces(flat, name)):
            axes.plot(places, values, ".-", color=colour, label=name if number == 0 else None)
    axes.set(ylabel="selected in validation", ylim=(-0.03, 1.03))
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _pieces(epochs: Sequence[dict[str, Any]], name: str) -> list[tuple[list[int], list[float]]]:
    """(places, values) stage by stage: no line joins two stages."""
    pieces: dict[str, tuple[list[int], list[float]]] = {}
    for place, epoch in enumerate(epochs):
        if isinstance(value := epoch.get(name), int | float):
            places, values = pieces.setdefault(epoch["stage"], ([], []))
            places.append(place)
            values.append(value)
    return list(pieces.values())


def _colour(names: Sequence[str], name: str) -> str:
    return f"C{names.index(name)}"


def _mark_stages(axes: Axes, epochs: Sequence[dict[str, Any]], *, names: bool) -> None:
    starts = [
        place
        for place, epoch in enumerate(epochs)
        if place == 0 or epoch["stage"] != epochs[place - 1]["stage"]
    ]
    for start in starts:
        axes.axvline(start - 0.5, color="0.8", lw=0.8)
        if names:
            where = (start - 0.4, 1.02)
            words = epochs[start]["stage"].replace("_", " ")
            transform = axes.get_xaxis_transform()
            axes.text(*where, words, fontsize=8, rotation=20, transform=transform)
