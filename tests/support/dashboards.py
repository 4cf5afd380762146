"""The committed dashboards and rules: their panels, queries, alerts and the metrics they name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.prometheus_programs import ROOT, RULE_FILES

GRAFANA = ROOT / "docker" / "grafana"
DASHBOARD_FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
RULES = [
    rule
    for path in RULE_FILES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}

_IN_BRACES = re.compile(r"\{[^}]*\}")
_NAME = re.compile(r"\b(?:(?:adamml|process|python)_\w+|\w+(?::\w+)+|up)\b")
_COMPARISON = re.compile(r"(==|!=|<=|>=|<|>)")


@dataclass(frozen=True, slots=True)
class PanelQuery:
    dashboard: str
    panel: dict
    target: dict

    def __str__(self):
        return f"{self.dashboard} / {self.panel['title']} / {self.target['refId']}"

    @property
    def expression(self):
        return self.target["expr"]


def load(path: Path) -> dict:
    return json.loads(path.read_text())


def panels(dashboard):
    """Without the rows, which show nothing."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def panel_queries():
    return [
        PanelQuery(dashboard["uid"], panel, target)
        for dashboard in map(load, DASHBOARD_FILES)
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]


def metric_names(expression):
    """{name} of the metrics and recorded series in PromQL.

    >>> sorted(metric_names('rate(adamml_a_total{process_x="up"}[5m]) / on (job) up > job:b:c'))
    ['adamml_a_total', 'job:b:c', 'up']
    """
    return set(_NAME.findall(_IN_BRACES.sub("", expression)))


def without_thresholds(expression):
    """The same data where comparisons would leave some of it out.

    >>> without_thresholds('a{x!="1"} > 0.5 and b == 0')
    'a{x!="1"} > bool 0.5 and b == bool 0'
    """
    parts = re.split(r"(\{[^}]*\})", expression)
    return "".join(
        part if part.startswith("{") else _COMPARISON.sub(r"\1 bool", part) for part in parts
    )
