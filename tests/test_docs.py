"""Documents do not rot: what they name exists, and what must be told is told."""

import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer

from cli.main import app
from service.observability.metrics import ServiceMetrics, create_registry
from service.problems.parameter_errors import PARAMETER_NAMES
from service.problems.problems import KINDS
from service.routes.responses import ClassifyAnswer
from service.settings import ENVIRONMENT_PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "experiments").rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "model" / "bundled" / "README.md",
    ROOT / "clients" / "python" / "README.md",
]
# What this project once called things; the field has other words, see docs/architecture.md.
PRIVATE_WORDS = ("cage", "caged", "complaints", "patience", "judgement", "merit")

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


def folder_rows():
    """Of the tables of folders, not of the one that says where to look."""
    text = (DOCS / "architecture.md").read_text().split("## Where to look")[0]
    return re.findall(r"^\| `(\S+)/` \| (.+) \|$", text, re.MULTILINE)


def test_the_architecture_has_exactly_the_packages_with_their_sentences():
    packages = {
        str(path.parent.relative_to(ROOT)): ast.get_docstring(ast.parse(path.read_text()))
        for package in ("model", "service", "training", "batch")
        for path in (ROOT / package).rglob("__init__.py")
    }
    nested = {name: purpose for name, purpose in packages.items() if "/" in name}
    listed = [(name, sentence.lower()) for name, sentence in folder_rows() if "/" in name]

    first_lines = {name: text.splitlines()[0].removesuffix(".") for name, text in nested.items()}
    assert sorted(listed) == sorted((name, line.lower()) for name, line in first_lines.items())


def test_the_architecture_has_exactly_the_folders_at_the_top():
    command = ["git", "ls-files", "-z"]
    git = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if git.returncode or not git.stdout:
        pytest.skip("git does not say which files are the repository's")
    tops = {name.split("/")[0] for name in git.stdout.split("\0") if "/" in name}

    listed = [name for name, _ in folder_rows() if "/" not in name]
    assert sorted(listed) == sorted(name for name in tops if not name.startswith("."))


@pytest.mark.parametrize("document", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_paths_of_code_exist(document):
    paths = re.findall(r"\b(?:tests|model|service|training|batch)/[\w./]*\w", document.read_text())
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_settings_are_exactly_those_of_operations():
    text = (DOCS / "operations.md").read_text()
    settings = set(re.findall(rf"`{ENVIRONMENT_PREFIX}([A-Z_]+)", text))
    assert settings == {name.upper() for name in Settings.model_fields}


def test_metrics_are_exactly_those_of_operations_with_their_labels():
    registry = create_registry()
    ServiceMetrics(registry)
    rows = re.findall(
        r"^\| `(adamml_\w+)` \| (.*?) ?\|", (DOCS / "operations.md").read_text(), re.MULTILINE
    )
    listed = {name: set(filter(None, labels.split(", "))) for name, labels in rows}
    series = {
        metric.name + ("_total" if metric.type == "counter" else ""): metric.samples
        for metric in registry.collect()
        if metric.name.startswith("adamml_")
    }

    assert set(listed) == set(series)
    for name, samples in series.items():
        labels = {label for sample in samples for label in sample.labels} - {"le"}
        assert not samples or listed[name] == labels, name


def test_alerts_are_exactly_those_of_operations():
    rules = (ROOT / "docker/prometheus/rules/alerts.yml").read_text()
    rows = re.findall(r"^\| `(Adamml\w+)` \|", (DOCS / "operations.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(re.findall(r"alert: (\w+)", rules))


def rows_under(heading):
    """The first column, in code, of the table of the API's document that begins like that."""
    table = (DOCS / "http-api.md").read_text().split(heading)[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_parameters_and_warnings_are_exactly_those_of_the_api():
    paths = [*(ROOT / "model").rglob("*.py"), *(ROOT / "service").rglob("*.py")]
    sources = "".join(path.read_text() for path in paths)
    warnings = set(re.findall(r"AnswerWarning\(\s*\"(\w+)\"", sources))

    assert sorted(rows_under("| parameter |")) == sorted(PARAMETER_NAMES)
    assert sorted(rows_under("| warning |")) == sorted(warnings)


def test_problems_are_exactly_those_of_the_api():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", (DOCS / "http-api.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted((str(kind.status), code) for code, kind in KINDS.items())


def test_fields_of_the_answer_are_all_in_the_api():
    text = (DOCS / "http-api.md").read_text().split("## The answer")[1].split("## Problems")[0]
    schema = ClassifyAnswer.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    fields = {name for model in models for name in model.get("properties", {})}
    assert {name for name in fields if f"`{name}`" not in text} == set()


def commands(text):
    """Every line of a shell block, without its comment, and what stands in the text as code."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`((?:make|adamml|\.venv/bin/adamml) [^`]+)`", prose)
    for line in lines:
        if words := shlex.split(line, comments=True):
            yield words


def words_of_adamml(words):
    """What follows the command's name, by whichever way it is started; None for others."""
    if "cli.main" in words:
        return words[words.index("cli.main") + 1 :]
    return words[1:] if words[0].endswith("adamml") else None


def unknown_options(words):
    """Raises KeyError where there is no such subcommand."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    given = {word.split("=")[0] for word in words if re.match(r"-\D", word)}
    return given - known - {"--help", "--install-completion", "--show-completion"}


@each_document
def test_commands_exist(document):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(document.read_text()):
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets
        if (ours := words_of_adamml(words)) is not None:
            assert unknown_options(ours) == set(), words


def test_the_subcommands_are_all_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    names = typer.main.get_group(app).commands

    assert {name for name in names if f"adamml {name}" not in readme} == set()
