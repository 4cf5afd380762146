"""The manifests of deploy/, as kustomize makes them of its files."""

from __future__ import annotations

import functools
import shutil
import subprocess

import pytest
import yaml

from tests.support.prometheus_programs import ROOT

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
ADAPTER = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text())
AUTOSCALER = yaml.safe_load((KUBERNETES / "base/autoscaler.yaml").read_text())


@functools.cache
def rendered(folder):
    """The documents of a folder of deploy/; skips the test without kubectl, which makes them."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    command = ["kubectl", "kustomize", DEPLOY / folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def one(folder, kind):
    (found,) = (document for document in rendered(folder) if document["kind"] == kind)
    return found


def adapter_queries():
    """{metric of the autoscaler: PromQL}, as the adapter asks, but by address, not by pod."""
    return {
        rule["name"]["as"]: rule["metricsQuery"]
        .replace("<<.LabelMatchers>>", 'job="adamml"')
        .replace("<<.GroupBy>>", "instance")
        for rule in ADAPTER["rules"]["custom"]
    }
