"""One figure of the curves of all comparisons, an axes for each data set.

python -m training.experiment.comparing.figure
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.experiment.comparing.curves import mean_curve

FILE = "compared.svg"


def draw_all(folder: Path) -> None:
    """`FILE` in `folder`, of all results of comparisons there; nothing without any."""
    documents = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    found = [one for one in documents if "comparisons" in one]
    if not found:
        return
    rows: dict[str, dict[str, Mapping[str, Any]]] = {}
    for document in found:
        for data, some in document["comparisons"].items():
            rows.setdefault(data, {}).update({row["name"]: row for row in some})
    draw(rows, {one["reference"] for one in found}, folder / FILE)


def draw(
    rows: Mapping[str, Mapping[str, Mapping[str, Any]]], references: set[str], path: Path
) -> None:
    """`rows` by data set and name; SVG or PNG, by the ending of `path`."""
    figure = Figure(figsize=(7.5 * len(rows), 5.4), layout="constrained")
    names = list(dict.fromkeys(name for some in rows.values() for name in some))
    looks = {name: _look(number, name in references) for number, name in enumerate(names)}
    for axes, (data, some) in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows.items()):  # noqa: B905
        for name, row in some.items():
            _draw_row(axes, row, looks[name])
        axes.set(xscale="log", xlabel="GFLOPs a video", ylabel="top-1 accuracy", title=data)
        axes.grid(alpha=0.3, which="both")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=3 * len(rows), fontsize="small"
    )
    # Without the date and with settled names, so that the same figures give the same file.
    with rc_context({"svg.hashsalt": path.name}):
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_row(axes: Axes, row: Mapping[str, Any], look: Mapping[str, Any]) -> None:
    """The mean curve, and the seeds' chosen points."""
    costs, accuracies = mean_curve(row["curves"])
    marker = "D" if len(costs) == 1 else ""
    axes.plot(costs, accuracies, marker=marker, label=row["name"], **look)
    chosen = {**look, "linestyle": "", "marker": "o", "markersize": 4, "alpha": 0.6}
    axes.plot(row["gflops"], row["accuracy"], **chosen)


def _look(number: int, is_reference: bool) -> dict[str, Any]:
    if is_reference:
        return {"color": "black", "linewidth": 2.5, "linestyle": "-"}
    styles = ("-", "--", ":")
    return {"color": colormaps["tab10"](number % 10), "linestyle": styles[number // 10 % 3]}


if __name__ == "__main__":
    draw_all(Path(__file__).parents[3] / "experiments" / "results")
