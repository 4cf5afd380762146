"""The files for Ray: valid by Ray's and Kubernetes' own schemas, and in step with the service."""

import importlib.util

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings
from tests.support.manifests import DEPLOY, one
from tests.support.prometheus_programs import ROOT

SERVE = yaml.safe_load((DEPLOY / "ray/serve.yaml").read_text())

with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed"
)


def cluster():
    return one("ray", "RayService")["spec"]["rayClusterConfig"]


def templates():
    groups = [cluster()["headGroupSpec"], *cluster()["workerGroupSpecs"]]
    return [group["template"] for group in groups]


@pytest.fixture
def deployment():
    (application,) = SERVE["applications"]
    (only,) = application["deployments"]
    return only


@pytest.fixture
def variables():
    (application,) = SERVE["applications"]
    return application["runtime_env"]["env_vars"]


def setting(variables, name):
    return float(variables.get(f"ADAMML_{name.upper()}", Settings.model_fields[name].default))


def test_the_manifest_has_the_configuration_that_serve_deploy_takes():
    assert (
        one("ray", "RayService")["spec"]["serveConfigV2"] == (DEPLOY / "ray/serve.yaml").read_text()
    )


def test_pods_are_valid_by_the_schema_of_kubernetes_and_hardened():
    for template in templates():
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "of-ray"}, **template}
        kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        (container,) = template["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"livenessProbe", "readinessProbe"} <= set(container)


def test_the_version_of_ray_is_the_one_that_is_installed():
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    assert f"ray=={cluster()['rayVersion']}" in constraints


def test_pods_outlive_their_replicas(deployment):
    (workers,) = cluster()["workerGroupSpecs"]
    grace = workers["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > deployment["graceful_shutdown_timeout_s"]


def test_requests_may_end_before_their_replica_and_before_the_proxy_gives_up(deployment, variables):
    deadline = setting(variables, "request_deadline_seconds")
    assert deployment["graceful_shutdown_timeout_s"] > deadline
    assert SERVE["http_options"]["request_timeout_s"] > deadline


@with_ray
# Ray's own, when it is imported.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_configuration_is_valid_and_as_the_service_would_have_it(
    deployment, variables, monkeypatch
):
    from ray.serve.schema import ServeDeploySchema

    from service.ray_serve import NAME, build

    for name in list(variables):
        monkeypatch.setenv(name, variables[name])
    ServeDeploySchema.model_validate(SERVE)
    (application,) = SERVE["applications"]
    built = build(application["args"])._bound_deployment

    assert application["import_path"] == f"{build.__module__}:{build.__name__}"
    assert deployment["name"] == built.name == NAME
    assert deployment["max_ongoing_requests"] == built.max_ongoing_requests
    assert deployment["max_queued_requests"] == built.max_queued_requests
    assert built.backpressure_config.status_code == 429
    target = deployment["autoscaling_config"]["target_ongoing_requests"]
    assert target == setting(variables, "max_concurrency")
