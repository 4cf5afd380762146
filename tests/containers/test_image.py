"""The image that serves bundles: small, without torch or tools to build with, not root."""

import json
import re

from tests.support.container_engine import BUILD_OPTIONS, ROOT, engine, inspect

# What the project adds to the base image, most of it ffmpeg and its libraries.
MOST_BYTES = 700e6


def python(image, code):
    return engine("run", "--rm", "--network=none", "--entrypoint=python", image, "-c", code)


def test_it_adds_little_to_its_base(image):
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert inspect(image)["Size"] - inspect(base)["Size"] < MOST_BYTES


def test_it_runs_as_a_user_of_its_own(image):
    assert python(image, "import os; print(os.getuid(), os.getgid())").stdout.split()[0] == "10001"


def test_what_only_builds_and_training_need_is_not_there(image):
    code = (
        "import importlib.util as u, pathlib as p;"
        "print([n for n in ('torch', 'pip', 'setuptools', 'onnx') if u.find_spec(n)],"
        "[str(f) for f in p.Path('/opt/venv').rglob('pip*') if f.is_dir()])"
    )
    found = engine("run", "--rm", "--entrypoint=/opt/venv/bin/python", image, "-I", "-c", code)
    assert found.stdout.strip() == "[] []"


def test_its_command_is_adamml(image):
    done = engine("run", "--rm", "--network=none", image, "flops", "--json")
    assert json.loads(done.stdout)


def test_extras_are_a_build_argument(image):
    argument = ("--build-arg", "EXTRAS=postgres otel")
    engine("build", *BUILD_OPTIONS, *argument, "-t", "adamml:otel", ".", timeout=1500)
    code = "import importlib.util as u; print([bool(u.find_spec('opentelemetry.sdk'))])"
    assert python("adamml:otel", code).stdout.strip() == "[True]"
    # FastAPI brings the API, which does nothing without an SDK.
    assert python(image, code).stdout.strip() == "[False]"
