"""Folders lie in layers, are small, say what they are for, and serving needs no torch."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("cli", "benchmarks", "service", "training", "batch", "model")
MAX_MODULES = 14
# What may need torch when it is imported; everything else must do without.
WITH_TORCH = (
    "training",
    "benchmarks",
    "model.networks",
    "model.files.checkpoint",
    "model.files.convert",
    "model.files.export",
    "model.files.reference_layout",
    "model.runtime.torch",
)
FOLDERS = sorted(
    folder.parent
    for package in ("model", "service", "training", "batch")
    for folder in (ROOT / package).rglob("__init__.py")
)
# An import that no contract allows, and the contract that must tell of it.
TURNED = [
    ("model/common/errors.py", "model.inference.classifier", "inside model"),
    ("model/inputs/ffmpeg/sandbox.py", "model.inputs.probing.probe", "inside model.inputs"),
    ("training/run/engine.py", "training.joint.trainer", "inside training"),
    ("training/data/sources/sample.py", "training.data.cache", "inside training.data"),
    ("service/problems/errors.py", "service.app", "inside service"),
    ("batch/rows.py", "batch.pool", "inside batch"),
    ("service/settings.py", "training.train", "cli, then service, training and batch, then model"),
    ("training/experiment/markdown.py", "training.experiment.costs", "no circles, at any depth"),
]


def lint_imports(folder):
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return finished.returncode, finished.stdout + finished.stderr


def test_arrows_point_one_way():
    status, said = lint_imports(ROOT)

    assert status == 0, said


@pytest.fixture
def copy(tmp_path):
    for package in PACKAGES:
        without = shutil.ignore_patterns("__pycache__", "bundled")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=without)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("file", "imported", "contract"), TURNED, ids=[t[2] for t in TURNED])
def test_an_arrow_that_runs_back_up_is_found(copy, file, imported, contract):
    with (copy / file).open("a") as source:
        source.write(f"\n\ndef _turned() -> None:\n    import {imported}\n")

    status, said = lint_imports(copy)

    assert status == 1
    assert f"{contract} BROKEN" in said


@pytest.mark.parametrize("folder", FOLDERS, ids=[str(f.relative_to(ROOT)) for f in FOLDERS])
def test_a_folder_is_small_and_says_what_it_is_for(folder):
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]

    assert len(modules) <= MAX_MODULES
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))


def test_only_what_trains_or_runs_checkpoints_imports_torch():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    ]
    light = [
        name
        for name in modules
        if not any(name == heavy or name.startswith(f"{heavy}.") for heavy in WITH_TORCH)
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {light}:\n"
        "    importlib.import_module(name)\n"
        "    heavy = {'torch', 'timm', 'safetensors'} & {*sys.modules}\n"
        "    assert not heavy, (name, heavy)\n"
    )

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)

    assert len(light) > len(modules) / 3
