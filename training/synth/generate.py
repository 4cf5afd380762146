"""Generating the data set: clips, manifest and ground truth; goes on where it was cut."""

from __future__ import annotations

from pathlib import Path

from training.data.sources.manifest_rows import Row
from training.data.sources.manifest_writer import write_manifest
from training.run.progress import in_parallel
from training.synth.encode import encode
from training.synth.picture import render_frames
from training.synth.plan import ClipPlan, plan_clips
from training.synth.settings import FRAME_RATE, SynthSettings
from training.synth.sound import render_sound
from training.synth.truth import ClipTruth, Stretch, write_truth

SETTINGS_FILE = "synth.json"
MANIFEST_FILE = "manifest.csv"
TRUTH_FILE = "truth.jsonl"


def generate(folder: Path, settings: SynthSettings, *, workers: int) -> list[ClipPlan]:
    """Write the data set into `folder`, the manifest and the truth last.

    Raises:
        ValueError: `folder` holds something else, or a data set of other settings.
        OSError: ffmpeg fails.
    """
    _claim(folder, settings)
    plans = plan_clips(settings)
    missing = [plan for plan in plans if not (folder / plan.name).exists()]

    def make(plan: ClipPlan) -> None:
        sound = render_sound(plan, settings) if "audio" in settings.modalities else None
        encode(folder / plan.name, render_frames(plan, settings), sound)

    in_parallel(make, missing, workers=workers, desc="generate", unit="clip", total=len(plans))
    write_truth(folder / TRUTH_FILE, [_truth(plan, settings) for plan in plans])
    write_manifest(folder / MANIFEST_FILE, [_row(plan, settings) for plan in plans])
    return plans


def _claim(folder: Path, settings: SynthSettings) -> None:
    """Nobody's clips get mixed with others."""
    folder.mkdir(parents=True, exist_ok=True)
    file, text = folder / SETTINGS_FILE, settings.model_dump_json(indent=2) + "\n"
    if file.exists():
        if file.read_text() != text:
            raise ValueError(f"{folder} holds a data set of other settings, see {file}")
    elif any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty")
    else:
        file.write_text(text)


def _truth(plan: ClipPlan, settings: SynthSettings) -> ClipTruth:
    stretches = (
        Stretch(
            start_seconds=frames.start / FRAME_RATE,
            end_seconds=frames.stop / FRAME_RATE,
            modalities=tuple(sorted(names)),
        )
        for frames, names in zip(settings.slot_frames(), plan.slots, strict=True)
    )
    return ClipTruth(path=plan.name, label=plan.label, segments=tuple(stretches))


def _row(plan: ClipPlan, settings: SynthSettings) -> Row:
    return Row(
        path=plan.name,
        label=plan.label,
        split=plan.split,
        group=Path(plan.name).stem,
        has_audio="audio" in settings.modalities,
    )
