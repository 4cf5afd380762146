"""The container engine and compose program of this machine, as the environment names them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from pathlib import Path

import httpx2 as httpx

ROOT = Path(__file__).parents[2]
SERVICE_URL = "http://127.0.0.1:8000"
PROMETHEUS_URL = "http://127.0.0.1:9090"

ENGINE = shlex.split(os.environ.get("ADAMML_CONTAINER_ENGINE", ""))
COMPOSE = shlex.split(os.environ.get("ADAMML_COMPOSE", ""))
BUILD_OPTIONS = shlex.split(os.environ.get("ADAMML_BUILD_OPTIONS", ""))
# Where an image is not to be had, its service is left out.
WITHOUT = set(os.environ.get("ADAMML_COMPOSE_WITHOUT", "").split())


def run(command, *, timeout=300, check=True):
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=timeout
    )
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def engine(*arguments, **options):
    return run([*ENGINE, *arguments], **options)


def compose(file, *arguments, **options):
    return run([*COMPOSE, "-f", file, *arguments], **options)


def inspect(name):
    return json.loads(engine("inspect", name).stdout)[0]


def containers(project, service):
    """Names of the running ones; both docker's and podman's compose set these labels."""
    labels = {"project": project, "service": service}
    filters = [f"--filter=label=com.docker.compose.{key}={value}" for key, value in labels.items()]
    return engine("ps", "--format={{.Names}}", *filters).stdout.split()


def wait_for(url, *, seconds=90):
    """Until it answers 200."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise TimeoutError(f"{url} did not answer 200 within {seconds} s")
