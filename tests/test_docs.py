"""Documents do not rot: what they name exists, and what must be told is told."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer

from cli.main import app
from service.observability.metrics import create_registry
from service.problems.parameter_errors import PARAMETER_NAMES
from service.problems.problems import KINDS
from service.settings import ENVIRONMENT_PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "experiments").rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "model" / "bundled" / "README.md",
]
# What this project once called things; the field has other words, see docs/architecture.md.
PRIVATE_WORDS = ("cage", "caged", "complaints", "patience", "judgement", "figure of merit")

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)


def anchors(text):
    """Of the headings, as the page that shows them makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_links_resolve(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text()), target


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 180


@each_document
def test_no_private_words(document):
    text = document.read_text().lower()
    assert [word for word in PRIVATE_WORDS if re.search(rf"\b{word}\b", text)] == []


def test_the_architecture_has_every_folder_with_its_sentence():
    rows = re.findall(
        r"^\| `(\S+)/` \| (.+) \|$", (DOCS / "architecture.md").read_text(), re.MULTILINE
    )
    listed = {name: sentence for name, sentence in rows if "(" not in sentence}
    tops = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    packages = {
        str(path.parent.relative_to(ROOT)): ast.get_docstring(ast.parse(path.read_text()))
        for package in ("model", "service", "training")
        for path in (ROOT / package).rglob("__init__.py")
    }

    described = set(listed) - set(packages) | {"model", "service", "training"}
    assert described <= tops
    assert set(packages) <= set(listed)
    for name, purpose in packages.items():
        if "/" in name:
            first = purpose.splitlines()[0].removesuffix(".")
            assert listed[name].lower() == first.lower()


def test_settings_metrics_and_alerts_are_all_in_operations():
    text = (DOCS / "operations.md").read_text()
    settings = set(re.findall(rf"`{ENVIRONMENT_PREFIX}([A-Z_]+)`", text))
    series = {metric.name for metric in create_registry().collect()}
    rules = (ROOT / "docker/prometheus/rules/alerts.yml").read_text()

    assert {name.upper() for name in Settings.model_fields} <= settings
    assert [name for name in series if name.startswith("adamml_") and name not in text] == []
    assert [name for name in re.findall(r"alert: (\w+)", rules) if f"`{name}`" not in text] == []


def test_parameters_and_problems_are_all_in_the_api():
    text = (DOCS / "http-api.md").read_text()
    parameters = text.split("| parameter |")[1].split("\n\n")[0]
    problems = text.split("| status | code |")[1].split("\n\n")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", parameters, re.MULTILINE)) == set(PARAMETER_NAMES)
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", problems, re.MULTILINE)
    assert {code: int(status) for status, code in rows} == {
        code: kind.status for code, kind in KINDS.items()
    }


def commands(text):
    """Every line of a shell block, without its comment."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def options_of(words):
    return {word.split("=")[0] for word in words if word.startswith("--")}


@each_document
def test_commands_exist(document):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    group = typer.main.get_group(app)
    for words in commands(document.read_text()):
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets
        if words[0].endswith("adamml"):
            command = group.commands[words[1]]
            if hasattr(command, "commands"):
                command = command.commands[words[2]]
            known = {name for parameter in command.params for name in parameter.opts}
            assert options_of(words) <= known | {"--help"}, words


def test_the_subcommands_are_all_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    names = typer.main.get_group(app).commands

    assert {name for name in names if f"adamml {name}" not in readme} == set()
