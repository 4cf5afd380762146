"""The dashboards: as generated, valid for Grafana, explained, and where the alerts lead to."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.support import dashboards as support
from tests.support.dashboards import (
    ALERTS,
    DASHBOARD_FILES,
    GRAFANA,
    load,
    metric_names,
    panel_queries,
    panels,
)
from tests.support.prometheus_programs import CONFIGURATION
from tests.support.running_prometheus import asking

EACH_DASHBOARD = pytest.mark.parametrize("path", DASHBOARD_FILES, ids=lambda path: path.stem)
QUERIES = panel_queries()
EACH_PANEL = pytest.mark.parametrize(
    "panel",
    [panel for path in DASHBOARD_FILES for panel in panels(load(path))],
    ids=lambda panel: f"{panel['id']} {panel['title']}",
)


@pytest.mark.parametrize("module", [support, asking])
def test_the_examples_hold(module):
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0


def test_the_committed_files_are_what_is_generated(tmp_path):
    subprocess.run([sys.executable, GRAFANA / "source", tmp_path], check=True, timeout=120)

    generated = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert generated == {path.name: path.read_text() for path in DASHBOARD_FILES}


@EACH_DASHBOARD
def test_grafanas_own_models_know_every_field(path):
    register_default_plugins()
    model = Dashboard.from_json(load(path))

    assert json.loads(json.dumps(model, cls=JSONEncoder)) == load(path)


@EACH_DASHBOARD
def test_identifiers_are_unique(path):
    dashboard = load(path)
    ids = [panel["id"] for panel in dashboard["panels"]]

    assert len(set(ids)) == len(ids)
    assert dashboard.get("id") is None


@EACH_DASHBOARD
def test_panels_fill_their_rows_and_do_not_overlap(path):
    taken = set()
    for panel in load(path)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells

    width, height = (max(cell[axis] for cell in taken) + 1 for axis in (0, 1))
    assert (width, len(taken)) == (24, width * height)


@EACH_PANEL
def test_a_panel_explains_itself(panel):
    defaults = panel["fieldConfig"]["defaults"]

    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["targets"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@EACH_PANEL
def test_several_series_are_told_apart(panel):
    if panel["type"] in ("stat", "table"):
        return
    legends = [target["legendFormat"] for target in panel["targets"]]

    assert all(legend != "__auto" for legend in legends)
    assert len(set(legends)) == len(legends)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_query_follows_the_variables(query):
    for selector in re.findall(r"(\w+)\{([^}]*)\}", query.expression):
        name, matchers = selector
        assert 'job="adamml"' in matchers
        if name == "adamml_model_info":
            assert 'version=~"$version"' in matchers
        elif name != "up":
            assert 'instance=~"$instance"' in matchers
    for window in re.findall(r"\[([^]]*)\]", query.expression):
        assert window in ("$__rate_interval", "$__range:$__interval")


@EACH_DASHBOARD
def test_variables(path):
    variables = load(path)["templating"]["list"]

    assert [variable["name"] for variable in variables] == ["datasource", "version", "instance"]
    assert [variable["type"] for variable in variables] == ["datasource", "query", "query"]


@pytest.mark.parametrize("name", ALERTS)
def test_an_alerts_link_leads_to_a_panel_that_shows_the_same(name):
    link = re.search(r"/d/([\w-]+)\?viewPanel=(\d+)$", ALERTS[name]["annotations"]["dashboard"])
    uid, panel_id = link[1], int(link[2])
    shown = {
        metric
        for query in QUERIES
        if (query.dashboard, query.panel["id"]) == (uid, panel_id)
        for metric in metric_names(query.expression)
    }

    assert shown
    assert metrics_behind(ALERTS[name]["expr"]) <= shown | {"adamml_requests_total"}


def metrics_behind(expression):
    """The exported metrics, those of the recorded series in `expression` included."""
    expressions = {rule["record"]: rule["expr"] for rule in support.RULES if "record" in rule}
    found = set()
    for name in metric_names(expression):
        found |= metrics_behind(expressions[name]) if name in expressions else {name}
    return found


def test_provisioning_agrees_with_prometheus():
    provisioning = GRAFANA / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "adamml.yml").read_text())[
        "providers"
    ]
    scrape_interval = yaml.safe_load(CONFIGURATION.read_text())["global"]["scrape_interval"]

    assert (source["type"], source["uid"]) == ("prometheus", "adamml-prometheus")
    assert source["jsonData"]["timeInterval"] == scrape_interval
    assert provider["folder"] == "AdaMML"
    assert provider["options"]["path"]
