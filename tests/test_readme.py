"""The README does not rot: files, settings, parameters and commands it names exist."""

import re
from pathlib import Path

from service.problems.parameter_errors import PARAMETER_NAMES
from service.settings import ENVIRONMENT_PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_tree_names_every_module_and_nothing_else():
    tree = README.split("## Where things are")[1].split("```")[1]
    listed, folder = set(), ""
    for line in tree.splitlines():
        name = line.split()[0] if line.split() else ""
        if line.startswith("  "):
            listed.add(folder + name)
        elif name.endswith("/"):
            folder = name
    packages = ("model", "service", "training", "cli", "benchmarks")
    existing = {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    }
    modules = {name for name in listed if name.endswith(".py")}
    assert modules == existing


def test_the_settings_are_all_there():
    named = set(re.findall(rf"`{ENVIRONMENT_PREFIX}(\w+)`", README))

    assert named >= {name.upper() for name in Settings.model_fields}


def test_the_parameters_are_all_there():
    section = README.split("parameter of `/classify`")[1].split("\n\n")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(PARAMETER_NAMES)


def test_the_subcommands_are_all_there():
    import typer

    from cli.main import app

    commands = set(typer.main.get_group(app).commands)
    assert {name for name in commands if f"adamml {name}" not in README} == set()
