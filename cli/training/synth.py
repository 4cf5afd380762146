"""adamml synth: a small labelled data set of which is known what carries the label, and when."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from model.spec.model_spec import Modality


def synth(
    out: Annotated[Path, typer.Argument(help="Folder to write; new, empty, or of a cut run.")],
    classes: Annotated[int, typer.Option(help="Number of classes, 2 to 8.")] = 4,
    clips_per_class: Annotated[int, typer.Option(help="Clips of each class.")] = 50,
    modalities: Annotated[
        str, typer.Option(help="Comma-separated; without audio there is no sound track.")
    ] = "rgb,audio,flow",
    never: Annotated[
        str, typer.Option(help="Those of the modalities that never carry information.")
    ] = "",
    carriers: Annotated[
        int, typer.Option(help="In how many modalities the label of a clip can be recognised.")
    ] = 1,
    share: Annotated[
        float, typer.Option(help="Share of a clip in which a carrier carries the label.")
    ] = 0.4,
    seconds: Annotated[float, typer.Option(help="Length of a clip.")] = 6.4,
    cues: Annotated[
        bool, typer.Option(help="Border and pilot tones that tell where the label is.")
    ] = True,
    seed: Annotated[int, typer.Option(help="The same seed and ffmpeg give the same files.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Clips made at a time; one a core otherwise.")
    ] = None,
) -> None:
    """Generate clips, manifest.csv and truth.jsonl with the informative modalities by time."""
    from model.common.cores import num_cores
    from training.synth.generate import MANIFEST_FILE, TRUTH_FILE, generate
    from training.synth.settings import SynthSettings

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = SynthSettings(
        classes=classes,
        clips_per_class=clips_per_class,
        modalities=_names(modalities),
        never=_names(never),
        carriers=carriers,
        share=share,
        seconds=seconds,
        cues=cues,
        seed=seed,
    )
    plans = generate(out, settings, workers=workers or num_cores())
    counts = Counter(plan.split for plan in plans)
    sizes = ", ".join(f"{count} {split}" for split, count in counts.items())
    typer.echo(f"{len(plans)} clips ({sizes}): {out / MANIFEST_FILE}, {out / TRUTH_FILE}")


def _names(text: str) -> tuple[Modality, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return cast("tuple[Modality, ...]", names)
