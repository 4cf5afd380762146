"""Prometheus's own programs: from PATH or from the virtual environment; tests skip without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "docker" / "prometheus" / "prometheus.yml"
RULE_FILES = sorted((CONFIGURATION.parent / "rules").glob("*.yml"))
RULE_TESTS = sorted((CONFIGURATION.parent / "tests").glob("*.yml"))


def program(name):
    """The path of `prometheus` or `promtool`; skips the test when there is none."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"{name} is not installed; scripts/ensure-prometheus could not get it")
    return found


def promtool(*arguments, text=None):
    """(exit status, everything it said)."""
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr
