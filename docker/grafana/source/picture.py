"""Draw the README's picture: the dashboards' main panels, with what a Prometheus returns.

python docker/grafana/source/picture.py http://127.0.0.1:9090 --minutes 15
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from asking import Prometheus, Window, all_chosen, interpolate
from drawing import INK, PAPER, THRESHOLD_COLOURS, Panel, ask, draw_graph, formatter
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

ROOT = Path(__file__).parents[3]
DASHBOARDS = ROOT / "docker" / "grafana" / "dashboards"
# Numbers come first, in a row of their own; then two graphs in each row.
SHOWN: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "compute": ((1, 2, 3, 4, 5, 6), (10, 11, 21, 31)),
    "service": ((2, 3, 4, 5, 6, 7), (11, 21, 33, 42)),
}
BACKGROUND = "#0b0c0e"
_SCRAPE_SECONDS = 10.0
_POINTS = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prometheus", help="its address")
    parser.add_argument("--minutes", type=float, default=15.0, help="up to --end")
    parser.add_argument("--end", type=float, default=None, help="seconds since 1970; now")
    parser.add_argument("--scrape-seconds", type=float, default=_SCRAPE_SECONDS)
    parser.add_argument("--to", type=Path, default=ROOT / "docker/grafana/dashboards.png")
    given = parser.parse_args()
    end = given.end or time.time()
    step = max(given.scrape_seconds, given.minutes * 60 / _POINTS)
    window = Window(end - given.minutes * 60, end, step, given.scrape_seconds)
    save(draw(Prometheus(given.prometheus), window), given.to)


def save(figure: Figure, path: Path) -> None:
    """In few colours, which this picture has anyway: a quarter of the size."""
    drawn = io.BytesIO()
    figure.savefig(drawn)
    Image.open(drawn).convert("RGB").quantize(128).save(path, optimize=True)


def draw(prometheus: Prometheus, window: Window) -> Figure:
    figure = plt.figure(figsize=(13, 15.5), dpi=95, facecolor=BACKGROUND, layout="constrained")
    parts = list(figure.subfigures(len(SHOWN), 1, hspace=0.03, squeeze=False).flat)
    for part, (name, (numbers, graphs)) in zip(parts, SHOWN.items(), strict=True):
        dashboard = json.loads((DASHBOARDS / f"{name}.json").read_text())
        variables = all_chosen(prometheus, dashboard, window.variables())
        panels = {panel["id"]: panel for panel in dashboard["panels"]}
        part.set_facecolor(BACKGROUND)
        part.suptitle(dashboard["title"], color=INK, fontsize=13, x=0.01, ha="left")
        grid = part.add_gridspec(3, 12, height_ratios=(0.32, 1, 1))
        for index, panel_id in enumerate(numbers):
            axes = part.add_subplot(grid[0, 2 * index : 2 * index + 2])
            draw_number(axes, panels[panel_id], prometheus, window, variables)
        for index, panel_id in enumerate(graphs):
            row, column = 1 + index // 2, 6 * (index % 2)
            axes = part.add_subplot(grid[row, column : column + 6])
            lines = ask(prometheus, panels[panel_id], window, variables)
            draw_graph(axes, panels[panel_id], lines, window)
    return figure


def draw_number(
    axes: Axes,
    panel: Panel,
    prometheus: Prometheus,
    window: Window,
    variables: Mapping[str, str],
) -> None:
    """A stat panel: its one number in the colour of its threshold."""
    (target,) = panel["targets"]
    expression = interpolate(target["expr"], variables)
    ((_, value),) = prometheus.query(expression, at=window.end)
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_facecolor(PAPER)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.text(0.03, 0.8, panel["title"], color=INK, fontsize=8.5, transform=axes.transAxes)
    shown = formatter(defaults["unit"])(value)
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.5, 0.4, shown, color=colour_of(defaults, value), fontsize=17, **place)


def colour_of(defaults: Mapping[str, Any], value: float) -> str:
    steps = defaults["thresholds"]["steps"]
    reached = [step for step in steps if step["value"] is None or value >= step["value"]]
    return THRESHOLD_COLOURS[reached[-1]["color"]]


if __name__ == "__main__":
    main()
