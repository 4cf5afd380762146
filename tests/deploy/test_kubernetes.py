"""The manifests: valid by Kubernetes' and the operator's own schemas, hardened, and in step with
the service's settings and metrics."""

from __future__ import annotations

import importlib.metadata
import sys

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings
from tests.support.manifests import ADAPTER, AUTOSCALER, KUBERNETES, adapter_queries, one, rendered
from tests.support.prometheus_programs import ROOT, promtool

sys.path.insert(0, str(ROOT / "scripts"))

import prometheus_rule

VARIANTS = ("kubernetes/base", "kubernetes/postgres")
# The oldest that takes all of it, and the newest that the validator knows.
VERSIONS = ("1.31.0", kubernetes_validate.latest_version())
OPERATOR_KINDS = ("PodMonitor", "PrometheusRule")
GIBIBYTE = 1024**3

each_variant = pytest.mark.parametrize("variant", VARIANTS)


@each_variant
@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid_by_the_schemas_of_kubernetes(variant, version):
    documents = [one for one in rendered(variant) if one["kind"] not in OPERATOR_KINDS]

    assert documents
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


def test_what_is_not_in_the_schema_is_found():
    document = one("kubernetes/base", "Deployment")
    wrong = {**document, "spec": {**document["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("kind", OPERATOR_KINDS)
def test_manifests_of_the_operator_are_valid_by_its_schemas(kind):
    # Takes seconds.
    from cloudcoil.models.prometheus_operator import v1

    document = one("kubernetes/base", kind)
    understood = getattr(v1, kind).model_validate(document)

    # A name that the schema does not have would be gone.
    kept = understood.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert kept == document


def test_the_rules_are_those_of_prometheus():
    assert (KUBERNETES / "base/rules.yaml").read_text() == prometheus_rule.prometheus_rule()


def test_prometheus_takes_the_rules_of_the_manifest(tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.safe_dump(one("kubernetes/base", "PrometheusRule")["spec"]))
    status, said = promtool("check", "rules", "--lint=all", "--lint-fatal", rules)

    assert status == 0, said


def test_targets_have_the_name_by_which_rules_find_them():
    (endpoint,) = one("kubernetes/base", "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint["relabelings"] == [
        {"action": "replace", "targetLabel": "job", "replacement": "adamml"}
    ]


def test_the_autoscaler_looks_at_what_the_adapter_makes():
    looked_at = {one["pods"]["metric"]["name"] for one in AUTOSCALER["spec"]["metrics"]}
    assert looked_at == set(adapter_queries())
    for rule in ADAPTER["rules"]["custom"]:
        name = rule["name"]["as"]
        assert rule["seriesQuery"].startswith(f"{name}{{")
        assert f"{name}{{<<.LabelMatchers>>}}" in rule["metricsQuery"]


def pod(variant):
    return one(variant, "Deployment")["spec"]["template"]["spec"]


def container(variant):
    (only,) = pod(variant)["containers"]
    return only


@each_variant
def test_pods_are_hardened_and_bounded(variant):
    assert pod(variant)["automountServiceAccountToken"] is False
    assert pod(variant)["securityContext"]["runAsNonRoot"] is True
    assert pod(variant)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(variant)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container(variant)["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}


def setting(variant, name):
    given = {one["name"]: one.get("value") for one in container(variant)["env"]}
    return float(given.get(f"ADAMML_{name.upper()}", Settings.model_fields[name].default))


@each_variant
def test_settings_are_ones_that_the_service_knows(variant):
    known = {f"ADAMML_{name.upper()}" for name in Settings.model_fields}
    assert {one["name"] for one in container(variant)["env"]} <= known


@each_variant
def test_a_stop_leaves_the_service_time_to_drain(variant):
    needed = setting(variant, "drain_delay_seconds") + setting(variant, "drain_grace_seconds")
    assert pod(variant)["terminationGracePeriodSeconds"] >= needed + 5
    assert setting(variant, "drain_grace_seconds") >= setting(variant, "request_deadline_seconds")


@each_variant
def test_what_may_be_uploaded_fits_into_the_volumes(variant):
    volumes = {volume["name"]: volume for volume in pod(variant)["volumes"]}
    room = int(volumes["tmp"]["emptyDir"]["sizeLimit"].removesuffix("Gi")) * GIBIBYTE
    places = sum(setting(variant, n) for n in ("max_concurrency", "max_queue", "max_uploads"))

    assert places * setting(variant, "max_upload_bytes") <= room


def test_jobs_are_shared_in_the_variant_with_a_database():
    (claim,) = (one for one in rendered(VARIANTS[1]) if one["kind"] == "PersistentVolumeClaim")
    volumes = {volume["name"]: volume for volume in pod(VARIANTS[1])["volumes"]}
    jobs = {"name": "jobs", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}

    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert volumes["jobs"] == jobs
    given = {one["name"] for one in container(VARIANTS[1])["env"]}
    assert "ADAMML_JOBS_DATABASE" in given


def test_the_image_has_the_version_of_the_package():
    assert container(VARIANTS[0])["image"] == f"adamml:{importlib.metadata.version('adamml')}"
