"""Arrows between the packages point one way, and serving needs no torch: read from the sources."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("cli", "service", "training", "model")
ALLOWED = {
    "cli": {"cli", "service", "training", "model"},
    "service": {"service", "model"},
    "training": {"training", "model"},
    "model": {"model"},
}
# Where torch, or what brings it along, may be imported. Functions may import these modules.
TORCH_MODULES = (
    "training",
    "model.networks",
    "model.checkpoint",
    "model.convert",
    "model.cost",
    "model.export",
    "model.reference_layout",
    "model.runtime.torch",
)
TORCH_LIBRARIES = {"torch", "torchvision", "torchaudio", "torchmetrics", "timm", "safetensors"}


def sources():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def imported_by(tree, *, at_import_time=False):
    """Names of the modules that `tree` imports; optionally only those it does when imported."""
    nodes = _executed_on_import(tree) if at_import_time else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _executed_on_import(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _executed_on_import(child)


def is_within(module, packages):
    return any(module == name or module.startswith(f"{name}.") for name in packages)


SOURCES = list(sources())


@pytest.mark.parametrize(("module", "path"), SOURCES, ids=[name for name, _ in SOURCES])
def test_arrows(module, path):
    tree = ast.parse(path.read_text())
    package = module.split(".")[0]
    used = set(imported_by(tree))

    assert {name.split(".")[0] for name in used} & set(PACKAGES) <= ALLOWED[package]
    assert all(not (isinstance(n, ast.ImportFrom) and n.level) for n in ast.walk(tree))
    if package == "model" and module not in ("model.classifier", "model.loading"):
        assert "model.classifier" not in used


@pytest.mark.parametrize(("module", "path"), SOURCES, ids=[name for name, _ in SOURCES])
def test_torch_stays_where_it_belongs(module, path):
    if is_within(module, TORCH_MODULES):
        return
    used = set(imported_by(ast.parse(path.read_text()), at_import_time=True))

    assert {name.split(".")[0] for name in used} & TORCH_LIBRARIES == set()
    assert [name for name in used if is_within(name, TORCH_MODULES)] == []


def test_the_walk_finds_what_it_looks_for():
    tree = ast.parse("import a\nfrom b import c\ndef f():\n    import d\nclass K:\n    import e\n")

    assert set(imported_by(tree)) == {"a", "b", "b.c", "d", "e"}
    assert set(imported_by(tree, at_import_time=True)) == {"a", "b", "b.c", "e"}
