"""The five kinds of panels, as both dashboards draw them."""

from __future__ import annotations

from typing import TypeVar

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from shown import Shown, Thresholds

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
# A minute of failing scrapes does not interrupt a line.
_LONGEST_GAP_MILLISECONDS = 60_000

B = TypeVar("B", timeseries.Panel, stat.Panel, heatmap.Panel, statetimeline.Panel, table.Panel)


def graph(shown: Shown, *, stacked: bool = False, line: str = "") -> timeseries.Panel:
    """Lines over time; `line` names a series to draw over a stack."""
    panel = _filled(timeseries.Panel(), shown)
    panel.line_width(1).fill_opacity(60 if stacked else 8)
    panel.show_points(common.VisibilityMode.AUTO)
    panel.span_nulls(_LONGEST_GAP_MILLISECONDS)
    panel.legend(_legend()).tooltip(_tooltip())
    mode = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    panel.stacking(build.StackingConfig().mode(mode).group("A"))
    if shown.thresholds[1]:
        dashed = common.GraphThresholdsStyleMode.DASHED
        panel.thresholds_style(build.GraphThresholdsStyleConfig().mode(dashed))
    if line:
        panel.override_by_name(line, _as_line())
    return panel


def number(shown: Shown) -> stat.Panel:
    """One number, of now or of the whole range as the query says, coloured by its thresholds."""
    panel = _filled(stat.Panel(), shown, instant=True)
    panel.graph_mode(common.BigValueGraphMode.NONE)
    panel.color_mode(common.BigValueColorMode.VALUE)
    return panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]))


def heat(shown: Shown) -> heatmap.Panel:
    """Buckets of a histogram over time."""
    panel = _filled(heatmap.Panel(), shown, query_format=PromQueryFormat.HEATMAP)
    panel.y_axis(heatmap.YAxisConfig().unit(shown.unit))
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME)
    panel.color(colours.scheme("Oranges").steps(64).exponent(0.5))
    # Buckets are counted per second.
    panel.cell_values(heatmap.CellValues().unit("reqps"))
    return panel.show_y_histogram()


def states(shown: Shown, *, texts: dict[str, tuple[str, str]]) -> statetimeline.Panel:
    """A bar for each series; `texts`: (word, colour) by value."""
    panel = _filled(statetimeline.Panel(), shown)
    results = {
        value: ValueMappingResult(text=word, color=colour, index=index)
        for index, (value, (word, colour)) in enumerate(texts.items())
    }
    panel.mappings([ValueMap(options=results)])
    panel.show_value(common.VisibilityMode.AUTO).row_height(0.8)
    return panel.legend(_legend()).tooltip(_tooltip())


def rows(shown: Shown, *, by: str, units: dict[str, str]) -> table.Panel:
    """A table with a row for each value of the label `by` and a column for each query.

    Columns are called by the queries' legends; `units` are those that differ from the panel's.
    """
    panel = _filled(table.Panel(), shown, instant=True, query_format=PromQueryFormat.TABLE)
    columns = {f"Value #{_letter(index)}": q.legend for index, q in enumerate(shown.queries)}
    hidden = {"Time": True, **{f"Time {index + 1}": True for index in range(len(columns))}}
    panel.transformations(
        [
            DataTransformerConfig("joinByField", options={"byField": by, "mode": "outer"}),
            DataTransformerConfig(
                "organize",
                options={"excludeByName": hidden, "renameByName": columns},
            ),
        ]
    )
    for column, unit in units.items():
        panel.override_by_name(column, [DynamicConfigValue("unit", unit)])
    return panel


def _filled(
    panel: B,
    shown: Shown,
    *,
    instant: bool = False,
    query_format: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> B:
    panel.id(shown.id).title(shown.title).description(shown.description).datasource(SOURCE)
    panel.span(shown.width).height(shown.height).unit(shown.unit)
    panel.thresholds(_thresholds(shown.thresholds))
    if shown.minimum is not None:
        panel.min(shown.minimum)
    if shown.maximum is not None:
        panel.max(shown.maximum)
    if shown.decimals is not None:
        panel.decimals(shown.decimals)
    for index, query in enumerate(shown.queries):
        target = Dataquery().ref_id(_letter(index)).expr(query.expression).datasource(SOURCE)
        target = target.legend_format(query.legend or "__auto").format(query_format)
        panel.with_target(target.instant() if instant else target.range())
    return panel


def _thresholds(limits: Thresholds) -> ThresholdsConfig:
    lowest, steps = limits
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, lowest), *(Threshold(value, colour) for value, colour in steps)])
    )


def _legend() -> build.VizLegendOptions:
    legend = build.VizLegendOptions().show_legend(True)
    return legend.display_mode(common.LegendDisplayMode.LIST).placement(
        common.LegendPlacement.BOTTOM
    )


def _tooltip() -> build.VizTooltipOptions:
    options = build.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    return options.sort(common.SortOrder.DESCENDING)


def _as_line() -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue("custom.stacking", {"mode": "none", "group": "A"}),
        DynamicConfigValue("custom.fillOpacity", 0),
        DynamicConfigValue("custom.lineWidth", 2),
        DynamicConfigValue("color", {"mode": FieldColorModeId.FIXED, "fixedColor": "text"}),
    ]


def _letter(index: int) -> str:
    return "ABCDEFGH"[index]
