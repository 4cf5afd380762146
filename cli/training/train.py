"""adamml train: one training run, described by a TOML file."""

from __future__ import annotations

import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Device(StrEnum):
    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


def train(
    config: Annotated[Path, typer.Argument(help="TOML file, see experiments/.")],
    device: Annotated[
        Device | None, typer.Option(help="Instead of the file's hardware.device.")
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Instead of the file's hardware.precision.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Videos decoded at a time; data.workers otherwise.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="Instead of the file's seed.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Instead of the file's output.")] = None,
    max_video_seconds: Annotated[
        float | None, typer.Option(min=0.001, help="Instead of the file's data.max_video_seconds.")
    ] = None,
    max_frame_pixels: Annotated[
        int | None, typer.Option(min=1, help="Instead of the file's data.max_frame_pixels.")
    ] = None,
) -> None:
    """Train a model, going on where an interrupted run stopped.

    Several processes: torchrun --nproc-per-node N -m cli.main train CONFIG.
    """
    from tqdm.contrib.logging import logging_redirect_tqdm

    from training.configuration.config import read_config
    from training.train import train as run

    # Of several processes only the first talks, unless something is wrong.
    is_main = os.environ.get("RANK", "0") == "0"
    level = logging.INFO if is_main else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    settings = read_config(config)
    given = {"device": device, "precision": precision}
    changes = {name: str(value) for name, value in given.items() if value is not None}
    hardware = settings.hardware.model_copy(update=changes)
    of_data = {
        "workers": workers,
        "max_video_seconds": max_video_seconds,
        "max_frame_pixels": max_frame_pixels,
    }
    changed = {name: value for name, value in of_data.items() if value is not None}
    data = settings.data.model_copy(update=changed)
    told = {"seed": settings.seed if seed is None else seed, "output": output or settings.output}
    with logging_redirect_tqdm():
        path = run(settings.model_copy(update={"hardware": hardware, "data": data, **told}))
    if is_main:
        _draw_curves(path.parent)
        typer.echo(path)


def _draw_curves(folder: Path) -> None:
    """Beside the checkpoint; a run without a log, or an environment that cannot draw, has none."""
    try:
        from training.evaluation.figures.training_curves import draw_training
    except ModuleNotFoundError:
        return
    if (folder / "log.jsonl").exists() and (curves := draw_training(folder)):
        typer.echo(f"curves: {curves}", err=True)
