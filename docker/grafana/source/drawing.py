"""Drawing a dashboard's panels, as Grafana shows them, with what Prometheus returned."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from asking import Prometheus, Series, Window, interpolate
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter

Panel = Mapping[str, Any]
# [(legend, [(time, value)])]
Lines = list[tuple[str, list[tuple[float, float]]]]

INK, PAPER, GRID = "#d0d2d8", "#181b1f", "#2c3036"
COLOURS = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#b877d9", "#5794f2", "#ff7383", "#96d98d")
THRESHOLD_COLOURS = {"red": "#f2495c", "yellow": "#fade2a", "green": "#73bf69"}


def formatter(unit: str) -> Callable[[float], str]:
    """Grafana's words for a value, of the units that the dashboards use."""
    if unit == "percentunit":
        return lambda value: f"{100 * value:.3g} %"
    if unit in ("flops", "si:FLOP"):
        suffix = "FLOP/s" if unit == "flops" else "FLOP"
        return lambda value: f"{value / 1e9:.3g} G{suffix}"
    if unit == "bytes":
        return lambda value: f"{value / 2**20:.4g} MiB"
    suffix = {"s": " s", "reqps": " req/s", "none": ""}.get(unit, unit.removeprefix("suffix:"))
    return lambda value: f"{value:.3g}{suffix}"


def ask(
    prometheus: Prometheus, panel: Panel, window: Window, variables: Mapping[str, str]
) -> Lines:
    """All the panel's queries; series that are 0 throughout, such as those of codes, left out."""
    lines: Lines = []
    for target in panel["targets"]:
        expression = interpolate(target["expr"], variables)
        found = prometheus.query_range(
            expression, start=window.start, end=window.end, step=window.step
        )
        lines += [
            (_legend(target["legendFormat"], labels), points)
            for labels, points in _in_order(found)
            if any(value for _, value in points)
        ]
    return lines


def _in_order(found: Series) -> Series:
    return sorted(found, key=lambda series: sorted(series[0].items()))


def _legend(template: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), template)


def draw_graph(axes: Axes, panel: Panel, lines: Lines, window: Window) -> None:
    """A time series panel: stacked or not, with its thresholds, unit and legend."""
    stacked = panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    over = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    levels: dict[float, float] = {}
    for (name, points), colour in zip(lines, COLOURS * 3, strict=False):
        times, values = _times(moment for moment, _ in points), [value for _, value in points]
        if name in over:
            axes.plot(times, values, color=INK, linewidth=1.6, label=name)
        elif stacked:
            below = [levels.get(moment, 0.0) for moment, _ in points]
            top = [base + value for base, value in zip(below, values, strict=True)]
            levels |= dict(zip((moment for moment, _ in points), top, strict=True))
            axes.fill_between(times, below, top, color=colour, alpha=0.6, linewidth=0, label=name)
        else:
            axes.plot(times, values, color=colour, linewidth=1.3, label=name)
            axes.fill_between(times, values, color=colour, alpha=0.08, linewidth=0)
    axes.set_xlim(*_times((window.start, window.end)))
    _decorate(axes, panel)


def _times(moments: Iterable[float]) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(list(moments)).astype("datetime64[s]")


def _decorate(axes: Axes, panel: Panel) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    low, high = axes.get_ylim()
    if defaults.get("min") is not None:
        low = defaults["min"]
    for step in defaults["thresholds"]["steps"][1:]:
        if low < step["value"] < high:
            colour = THRESHOLD_COLOURS[step["color"]]
            axes.axhline(step["value"], color=colour, linewidth=0.8, linestyle=(0, (5, 4)))
    axes.set_ylim(low, high)
    show = formatter(defaults["unit"])
    axes.yaxis.set_major_formatter(lambda value, _: show(value))
    _dress(axes, panel["title"])
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, -0.1), ncols=6, fontsize=7, frameon=False,
        labelcolor=INK, handlelength=1.2, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def _dress(axes: Axes, title: str) -> None:
    """Grafana's dark look."""
    locator = AutoDateLocator(minticks=2, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    axes.set_facecolor(PAPER)
    axes.set_title(title, color=INK, fontsize=9.5, loc="left", fontweight="bold")
    axes.tick_params(colors=INK, labelsize=7, length=0)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
