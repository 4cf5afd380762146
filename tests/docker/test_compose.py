"""The compose files: hardened, bounded, on loopback, and in step with what the service needs."""

from pathlib import Path

import pytest
import yaml

from service.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "docker-compose.replicas.yml")
SECONDS = {"s": 1, "m": 60}


def services(name):
    return yaml.safe_load((ROOT / name).read_text())["services"]


ALL = [
    pytest.param(file, name, service, id=f"{file}:{name}")
    for file in FILES
    for name, service in services(file).items()
]


@pytest.mark.parametrize(("file", "name", "service"), ALL)
def test_every_service_is_hardened_and_bounded(file, name, service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    for limit in ("mem_limit", "cpus", "pids_limit"):
        assert service[limit]


@pytest.mark.parametrize(("file", "name", "service"), ALL)
def test_ports_are_published_on_loopback_unless_asked_otherwise(file, name, service):
    for port in service.get("ports", []):
        assert port.startswith("${ADAMML_BIND:-127.0.0.1}:")


@pytest.mark.parametrize(("file", "name", "service"), ALL)
def test_images_are_pinned_and_files_that_are_mounted_exist(file, name, service):
    assert service["image"] == "adamml" or ":" in service["image"].split("/")[-1]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert not source.startswith(".") or (ROOT / source).exists()


@pytest.mark.parametrize("file", FILES)
def test_a_stop_leaves_the_service_time_to_drain(file):
    service = services(file)["service"]
    delay = float(service.get("environment", {}).get("ADAMML_DRAIN_DELAY_SECONDS", 0))
    grace = service["stop_grace_period"]
    needed = delay + Settings.model_fields["drain_grace_seconds"].default
    assert int(grace[:-1]) * SECONDS[grace[-1]] >= needed + 5


@pytest.mark.parametrize("file", FILES)
def test_settings_are_ones_that_the_service_knows(file):
    known = {f"ADAMML_{name.upper()}" for name in Settings.model_fields}
    assert set(services(file)["service"].get("environment", {})) <= known


def test_what_depends_on_another_waits_until_it_is_healthy():
    for file in FILES:
        for service in services(file).values():
            for needed, condition in service.get("depends_on", {}).items():
                assert condition == {"condition": "service_healthy"}
                assert "healthcheck" in services(file)[needed]


@pytest.mark.parametrize("file", FILES)
def test_what_may_be_uploaded_fits_into_memory(file):
    """Every upload lies in /tmp, which is memory, from its first byte to its answer."""
    service = services(file)["service"]
    given = service["environment"]
    places = sum(
        int(given.get(f"ADAMML_{name.upper()}", Settings.model_fields[name].default))
        for name in ("max_concurrency", "max_queue", "max_uploads")
    )
    uploads = places * Settings.model_fields["max_upload_bytes"].default
    (tmpfs,) = service["tmpfs"]
    room = int(tmpfs.split("size=")[1].split("g,")[0]) * 1024**3

    assert uploads <= room
    assert room + 1024**3 <= int(service["mem_limit"].removesuffix("g")) * 1024**3


@pytest.mark.parametrize("file", FILES)
def test_jobs_outlive_the_container(file):
    (volume,) = services(file)["service"]["volumes"]

    assert volume == "jobs:/var/lib/adamml"
    assert "ADAMML_JOBS_DIR=/var/lib/adamml" in (ROOT / "Dockerfile").read_text()
