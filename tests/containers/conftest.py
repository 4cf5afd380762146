"""Images built and stacks started once; skipped where no container engine is named."""

from pathlib import Path

import pytest
import yaml

from tests.support.container_engine import (
    BUILD_OPTIONS,
    COMPOSE,
    ENGINE,
    ROOT,
    SERVICE_URL,
    WITHOUT,
    compose,
    engine,
)
from tests.support.container_engine import wait_for as wait_for_url

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    reason = "names no container engine: ADAMML_CONTAINER_ENGINE and ADAMML_COMPOSE, see README"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(1800))
            if not (ENGINE and COMPOSE):
                item.add_marker(pytest.mark.skip(reason=f"the environment {reason}"))


@pytest.fixture(scope="session")
def image():
    """The default target, by the name that the compose files use."""
    engine("build", *BUILD_OPTIONS, "-t", "adamml", ".", timeout=1500)
    return "adamml"


@pytest.fixture(scope="module")
def started(image, request):
    """The stack of the module's COMPOSE_FILE, ready."""
    file = request.module.COMPOSE_FILE
    services = yaml.safe_load((ROOT / file).read_text())["services"]
    try:
        compose(file, "up", "-d", *(name for name in services if name not in WITHOUT))
        wait_for_url(f"{SERVICE_URL}/readyz")
        yield file
    finally:
        compose(file, "down", "-v", check=False)
