"""A real service under a mixed load, a real Prometheus: panels, rules and autoscaler have data.

One test, because what it needs takes seconds to start and to fill.
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))

from prometheus_client.parser import text_string_to_metric_families
from server_process import ServerProcess

from tests.support.dashboards import (
    DASHBOARD_FILES,
    GRAFANA,
    RULES,
    load,
    metric_names,
    panel_queries,
    without_thresholds,
)
from tests.support.manifests import adapter_queries
from tests.support.mixed_load import (
    MAX_UPLOAD_BYTES,
    bad_kinds,
    good_kinds,
    leaving_kinds,
    run,
)
from tests.support.prometheus_programs import program, promtool
from tests.support.running_prometheus import RunningPrometheus, asking

COMMAND = [sys.executable, "-m", "cli.main", "serve"]
# What Prometheus makes of a histogram or a counter with one name in its type line.
SUFFIXES = ("_total", "_bucket", "_count", "_sum", "")


@pytest.fixture
def service(tmp_path, tiny_bundle):
    program("prometheus")  # Or skip before anything is started.
    server = ServerProcess(
        [*COMMAND, "--model", str(tiny_bundle)],
        tmp_path,
        workers=2,
        max_upload_bytes=MAX_UPLOAD_BYTES,
        threads=1,
    )
    yield server.wait_until_ready()
    server.kill()


@pytest.fixture
def busy(service, tmp_path):
    """(Prometheus, the service, a way to end the load), while requests keep coming."""
    good = good_kinds(tmp_path)
    kinds = [*good, *bad_kinds(tmp_path), *leaving_kinds(good)]
    enough = threading.Event()

    def keep_asking():
        while not enough.is_set():
            run(service.url, kinds, num_clients=4)

    load_thread = threading.Thread(target=keep_asking)

    def stop_asking():
        enough.set()
        load_thread.join()

    with RunningPrometheus(tmp_path, [f"127.0.0.1:{service.port}"]) as prometheus:
        load_thread.start()
        try:
            yield prometheus, service, stop_asking
        finally:
            stop_asking()


def wait_until_empty(missing):
    """`missing()` when that is nothing, or what it still is after a while: a slow machine's scrapes
    come late."""
    end = time.monotonic() + 90
    while (left := missing()) and time.monotonic() < end:
        time.sleep(0.5)
    return left


def test_dashboards_and_rules_on_a_busy_service(busy, tmp_path):
    prometheus, service, stop_asking = busy

    assert wait_until_empty(lambda: rules_without_data(prometheus)) == []
    assert wait_until_empty(lambda: panels_without_data(prometheus)) == []
    assert wait_until_empty(lambda: autoscaling_without_data(prometheus)) == []
    assert [rule["name"] for rule in prometheus.rules() if rule["health"] != "ok"] == []
    scrape = service.client.get("/metrics").text
    assert promtool("check", "metrics", text=scrape) == (0, "")
    assert names_nobody_exports(scrape) == set()
    assert families_nobody_looks_at(scrape) == set()
    assert draw_picture(prometheus, tmp_path / "picture.png").startswith(b"\x89PNG")

    stop_asking()
    assert wait_until_empty(lambda: saving_that_is_wrong(prometheus)) is None


def families(scrape):
    return [family.name for family in text_string_to_metric_families(scrape)]


def exported(scrape):
    return {
        sample.name
        for family in text_string_to_metric_families(scrape)
        for sample in family.samples
    }


def named():
    """Every metric in a panel or a rule."""
    expressions = [query.expression for query in panel_queries()]
    expressions += [rule["expr"] for rule in RULES]
    expressions += adapter_queries().values()
    return {name for expression in expressions for name in metric_names(expression)}


def names_nobody_exports(scrape):
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    return named() - exported(scrape) - recorded - {"up"}


def families_nobody_looks_at(scrape):
    ours = {name for name in families(scrape) if name.startswith("adamml_")}
    assert ours
    return {name for name in ours if not named() & {name + suffix for suffix in SUFFIXES}}


def rules_without_data(prometheus):
    expressions = {rule.get("record") or rule["alert"]: rule["expr"] for rule in RULES}
    expressions |= {
        rule["record"] + " as recorded": rule["record"] for rule in RULES if "record" in rule
    }
    return [
        name
        for name, expression in expressions.items()
        if not has_numbers(value for _, value in prometheus.query(without_thresholds(expression)))
    ]


def autoscaling_without_data(prometheus):
    """Metrics of the autoscaler for which the adapter's queries find nothing."""
    return [
        name
        for name, expression in adapter_queries().items()
        if not has_numbers(value for _, value in prometheus.query(expression))
    ]


def panels_without_data(prometheus):
    missing = []
    for query in panel_queries():
        expression = asking.interpolate(query.expression, grafana_variables(prometheus))
        if query.target["instant"]:
            values = [value for _, value in prometheus.query(expression)]
        else:
            now = time.time()
            found = prometheus.query_range(expression, start=now - 60, end=now, step=1)
            values = [value for _, points in found for _, value in points]
        if not has_numbers(values):
            missing.append(str(query))
    return missing


def grafana_variables(prometheus):
    """Everything chosen, on a dashboard of the last minutes."""
    given = {"__interval": "1s", "__rate_interval": "10s", "__range": "600s"}
    return asking.all_chosen(prometheus, load(DASHBOARD_FILES[0]), given)


def saving_that_is_wrong(prometheus):
    """What the dashboard's first number says, unless it is what the counters say, from zero on.

    It needs a moment: the last requests have to leave the window of the rates.
    """
    (query,) = (q for q in panel_queries() if (q.dashboard, q.panel["id"]) == ("adamml-compute", 1))
    ((_, shown),) = prometheus.query(
        asking.interpolate(query.expression, grafana_variables(prometheus))
    )
    ((_, executed),) = prometheus.query("sum(adamml_flops_executed_total)")
    ((_, dense),) = prometheus.query("sum(adamml_flops_dense_total)")
    return None if shown == pytest.approx(1 - executed / dense, abs=0.03) else shown


def draw_picture(prometheus, path):
    """The README's, of the last minute."""
    options = ["--minutes", "1", "--scrape-seconds", "1", "--to", path]
    command = [sys.executable, GRAFANA / "source" / "picture.py", prometheus.url, *options]
    subprocess.run(command, check=True, timeout=120)
    return path.read_bytes()


def has_numbers(values):
    return any(math.isfinite(value) for value in values)
