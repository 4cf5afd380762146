"""What the image installs: the package's own lists, extras within extras resolved."""

import subprocess
import sys

from tests.support.prometheus_programs import ROOT


def listed(*extras):
    command = [sys.executable, "scripts/dependencies.py", *extras]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_extras_are_added_and_none_names_the_package_itself():
    alone, more = listed(), listed("postgres", "otel", "ray")
    added = " ".join(more[len(alone) :])

    assert more[: len(alone)] == alone
    assert "adamml" not in added
    for name in ("psycopg", "opentelemetry-sdk", "ray[", "pyarrow"):
        assert name in added


def test_the_image_takes_them_as_a_build_argument():
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "ARG EXTRAS=postgres\nRUN python3 dependencies.py ${EXTRAS} >" in dockerfile
