"""The adamml command. Subcommands import what they need when they run, so --help is quick."""

from __future__ import annotations

import sys

import typer

from cli.bench import bench
from cli.classify import classify
from cli.convert import convert
from cli.evaluate import evaluate
from cli.experiment import experiment
from cli.export import export
from cli.flops import flops
from cli.prepare import prepare
from cli.serve import serve
from cli.synth import synth
from cli.train import train
from cli.watch import watch
from model.common.errors import ClassificationError

app = typer.Typer(
    name="adamml",
    help="Adaptive multi-modal video recognition: train, export, classify, serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve, classify, watch, flops, train, evaluate, experiment, export, convert, synth):
    app.command()(command)
app.add_typer(prepare, name="prepare")
app.add_typer(bench, name="bench")


def main() -> None:
    """Run a subcommand; what the user can mend becomes one line and exit status 1."""
    try:
        app()
    except (ClassificationError, FloatingPointError, OSError, ValueError) as error:
        sys.stderr.write(f"adamml: {type(error).__name__}: {error}\n")
        sys.exit(1)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"adamml: {error}; install the extra: pip install 'adamml[train,bench]'\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
