"""Prometheus's configuration and rules: valid, named as usual, every one tested and explained."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support.dashboards import ALERTS, RECORDED
from tests.support.prometheus_programs import CONFIGURATION, RULE_FILES, RULE_TESTS, promtool

CONFIG = yaml.safe_load(CONFIGURATION.read_text())
TESTS = [test for path in RULE_TESTS for test in yaml.safe_load(path.read_text())["tests"]]


def test_the_configuration_is_valid():
    status, said = promtool("check", "config", CONFIGURATION)

    assert status == 0, said
    assert f"{len(RULE_FILES)} rule files found" in said


def test_the_rules_are_valid():
    status, said = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)

    assert status == 0, said


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path):
    status, said = promtool("test", "rules", path)

    assert status == 0, said


def test_recorded_names_tell_level_metric_and_operations():
    levels = r"(job|instance)(_[a-z]+)*"

    assert RECORDED
    for name in RECORDED:
        assert re.fullmatch(rf"{levels}:adamml_[a-z0-9_]+:[a-z0-9_]+", name), name


def test_every_recording_rule_is_looked_at_by_a_test():
    looked_at = " ".join(
        expression["expr"] for test in TESTS for expression in test.get("promql_expr_test", [])
    )

    assert {name for name in RECORDED if name not in looked_at} == set()


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_is_tested_firing_and_not_firing(name):
    expected = [
        case.get("exp_alerts", [])
        for test in TESTS
        for case in test.get("alert_rule_test", [])
        if case["alertname"] == name
    ]

    assert any(expected)
    assert [] in expected


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_waits_and_explains_itself(name):
    alert = ALERTS[name]

    assert re.fullmatch(r"\d+[mh]", alert["for"])
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert set(alert["annotations"]) == {"summary", "description", "dashboard"}
    assert alert["annotations"]["description"].endswith(".")
    assert alert["annotations"]["dashboard"].startswith("{{ $externalLabels.grafana }}/d/")
    assert CONFIG["global"]["external_labels"]["grafana"].startswith("http")


def test_replicas_are_found_by_name():
    (job,) = CONFIG["scrape_configs"]
    (discovery,) = job["dns_sd_configs"]

    assert job["job_name"] == "adamml"
    assert (discovery["names"], discovery["type"], discovery["port"]) == (["service"], "A", 8000)
