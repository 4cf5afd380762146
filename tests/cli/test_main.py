"""What every command has: examples, errors of one line that say what to do, completion."""

import re
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from cli.examples import EXAMPLES
from cli.main import app


def adamml(*arguments):
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_command_has_examples():
    commands = typer.main.get_group(app).commands

    groups = {"prepare", "bench", "keys"}
    assert set(EXAMPLES) == set(commands) - groups


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_examples_have_options_that_exist(line):
    _, name, *words = shlex.split(line)
    command = typer.main.get_group(app).commands[name]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= known
    shown = re.sub(r"\s+", " ", CliRunner().invoke(app, [name, "--help"]).output)
    assert f"adamml {name}" in shown


def test_an_error_is_one_line_that_says_what_to_do():
    result = adamml("evaluate", "missing.csv")

    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("adamml: FileNotFoundError: ")
    assert line.endswith("; check the path")


def test_an_unknown_option_has_status_2():
    result = adamml("classify", "clip.mp4", "--colour")

    assert result.returncode == 2
    # Where it is no terminal there are no colours.
    assert "\x1b[" not in result.stderr


def test_completion_is_printed_for_a_shell():
    result = CliRunner().invoke(app, ["--help"])

    assert "--install-completion" in result.output
