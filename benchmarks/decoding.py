"""Decoding: the inputs of a video against decoding all of it, and of a long one against a short."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.clips import film, repeated
from benchmarks.interleaved import Timings, interleave
from benchmarks.processor_time import measure_processor_time
from benchmarks.results import Measured
from model.common.deadline import Deadline
from model.files.bundle import read_spec
from model.inference.loading import BUNDLED_MODEL
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import programs
from model.inputs.open_video import open_video
from model.spec.model_spec import ModelSpec

SEGMENTS = 10
ROUNDS = 7


def measure() -> list[Measured]:
    """By the bundled model's inputs; clips are 1280x720 H.264 with sound, 25 frames a second."""
    spec = read_spec(BUNDLED_MODEL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minute = film(folder / "minute.mp4", seconds=60, key_frames=50)
        clips = {
            "5 s": film(folder / "short.mp4", seconds=5, key_frames=250),
            "1 min": minute,
            "1 min, key frames 10 s apart": film(folder / "sparse.mp4", seconds=60, key_frames=250),
            "10 min": repeated(minute, folder / "long.mp4", times=10),
        }
        ways: dict[str, Callable[[], object]] = {}
        for clip, path in clips.items():
            ways[f"inputs {clip}"] = _inputs(path, spec)
            if clip != "10 min":
                ways[f"whole {clip}"] = _whole(path, spec)
        timings = interleave(ways, rounds=ROUNDS)
        processor = measure_processor_time(folder)
    return [
        _row(timings, "inputs of a 10-minute video", "inputs 10 min", "inputs 1 min", "<= 1.3"),
        *(
            _row(timings, f"inputs of a clip of {clip}", f"inputs {clip}", f"whole {clip}", wanted)
            for clip, wanted in (
                ("1 min", "<= 0.35"),
                ("1 min, key frames 10 s apart", "<= 1.1"),
                ("5 s", "<= 1.15"),
            )
        ),
        *processor,
    ]


def _inputs(path: Path, spec: ModelSpec) -> Callable[[], object]:
    """Probing, frames and sound of ten segments: all that does not depend on decisions."""

    def run() -> None:
        video = open_video(path, spec, SEGMENTS, limits=DecodeLimits(), deadline=Deadline(600))
        for name in spec.modality_names:
            video.policy_inputs(name)

    return run


def _whole(path: Path, spec: ModelSpec) -> Callable[[], object]:
    """ffmpeg as one would call it: every frame, scaled, and all the sound."""
    side = spec.inputs.short_side
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-i", str(path)]
    command += ["-map", "0:v:0", "-vf", f"scale=-2:{side}", "-pix_fmt", "rgb24"]
    command += ["-f", "rawvideo", "pipe:1"]
    command += ["-map", "0:a:0", "-ac", "1", "-ar", str(spec.inputs.audio.sample_rate)]
    command += ["-f", "f32le", "-y", "/dev/null"]

    def run() -> None:
        subprocess.run(command, stdout=subprocess.PIPE, check=True)

    return run


def _row(timings: Timings, name: str, way: str, baseline: str, wanted: str) -> Measured:
    against = baseline.replace("whole", "decoding it whole, a clip of")
    return Measured(
        name,
        timings.ratio(way, baseline),
        against.replace("inputs", "those of"),
        wanted,
        f"{timings.median(way):.2f} s against {timings.median(baseline):.2f} s",
        unit="of the time",
    )
