"""The adamml command. Subcommands import what they need when they run, so --help is quick."""

from __future__ import annotations

import sys

import typer

from cli.batch import batch
from cli.bench import bench
from cli.classify import classify
from cli.examples import epilog
from cli.flops import flops
from cli.keys import keys
from cli.models import models
from cli.samples import samples
from cli.serve import serve
from cli.training.convert import convert
from cli.training.evaluate import evaluate
from cli.training.experiment import experiment
from cli.training.export import export
from cli.training.prepare import prepare
from cli.training.synth import synth
from cli.training.train import train
from cli.watch import watch
from model.common.errors import ClassificationError

app = typer.Typer(
    name="adamml",
    help="Adaptive multi-modal video recognition: train, export, classify, serve.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    serve,
    classify,
    batch,
    watch,
    flops,
    models,
    train,
    evaluate,
    experiment,
    export,
    convert,
    synth,
    samples,
):
    app.command(epilog=epilog(command.__name__))(command)
app.add_typer(prepare, name="prepare")
app.add_typer(keys, name="keys")
app.add_typer(bench, name="bench")


def main() -> None:
    """Run a subcommand; what the user can mend becomes one line and exit status 1."""
    try:
        app()
    except (ClassificationError, FloatingPointError, OSError, ValueError) as error:
        words = " ".join(str(error).split())
        sys.stderr.write(f"adamml: {type(error).__name__}: {words}{_next_step(error)}\n")
        sys.exit(1)
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"adamml: {error}; install the extra: pip install 'adamml[train,batch,bench]'\n"
        )
        sys.exit(1)


def _next_step(error: Exception) -> str:
    """What to do about an error whose own words do not say it."""
    if isinstance(error, FileNotFoundError):
        return "; check the path"
    if isinstance(error, PermissionError):
        return "; choose a path that you may use, or mend its permissions"
    if isinstance(error, FloatingPointError):
        return "; lower the learning rate, or use --precision float32"
    return ""


if __name__ == "__main__":
    main()
