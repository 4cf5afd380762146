"""What both dashboards have around their panels: variables, links, and alerts as annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from panels import SOURCE

Panels = Sequence[Builder[Panel]]
_TAG = "adamml"


def frame(uid: str, title: str, description: str) -> Dashboard:
    """A dashboard without panels."""
    dashboard = Dashboard(title).uid(uid).description(description).tags([_TAG]).readonly()
    dashboard.time("now-1h", "now").refresh("30s").timezone("browser")
    dashboard.tooltip(DashboardCursorSync.CROSSHAIR)
    dashboard.with_variable(
        DatasourceVariable("datasource").label("Data source").type("prometheus")
    )
    for variable in (_version(), _instance()):
        dashboard.with_variable(variable)
    return dashboard.link(_to_the_others()).annotation(_alerts())


def with_rows(dashboard: Dashboard, rows: Mapping[str, Panels]) -> Dashboard:
    """The panels under their rows' titles, from left to right."""
    # Rows need ids as panels do; no alert links to one.
    for panel_id, (title, panels) in enumerate(rows.items(), start=1001):
        dashboard.with_row(Row(title).id(panel_id))
        for panel in panels:
            dashboard.with_panel(panel)
    return dashboard


def _version() -> QueryVariable:
    return _choice("version", "Model version").query(
        'label_values(adamml_model_info{job="adamml"}, version)'
    )


def _instance() -> QueryVariable:
    """Chained: a choice of versions leaves the replicas that run them."""
    return _choice("instance", "Instance").query(
        'label_values(adamml_model_info{job="adamml", version=~"$version"}, instance)'
    )


def _choice(name: str, label: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).datasource(SOURCE)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    variable.multi(True).include_all(True)
    return variable.current(VariableOption(selected=True, text=["All"], value=["$__all"]))


def _to_the_others() -> DashboardLink:
    link = DashboardLink("AdaMML").type(DashboardLinkType.DASHBOARDS).tags([_TAG])
    return link.include_vars(True).keep_time(True)


def _alerts() -> AnnotationQuery:
    annotation = AnnotationQuery().name("Alerts").datasource(SOURCE).enable(True)
    annotation.icon_color("red")
    return annotation.expr('ALERTS{alertname=~"Adamml.*", alertstate="firing"}')
