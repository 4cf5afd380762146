"""Clips of a manifest stitched into one long video, of which it is known what it shows when."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import programs
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.probe import probe
from model.inputs.probing.video_info import VideoInfo
from training.data.sources.sample import Sample

SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 20.0
WIDTH, HEIGHT, RATE, SAMPLE_RATE = 340, 256, 25, 24_000


@dataclass(frozen=True, slots=True)
class Scene:
    """[start_seconds, end_seconds) of the long video shows `label`."""

    start_seconds: float
    end_seconds: float
    label: str


def stitch(
    samples: Sequence[Sample], path: Path, *, seconds: float, generator: np.random.Generator
) -> list[Scene]:
    """Writes at least so many seconds of clips in a random order, each from its beginning for 3 to
    20 s or to its end; no two neighbours have one label. Raises ValueError for clips too short."""
    scenes: list[Scene] = []
    inputs, filters = [], []
    for sample, info in _drawn(samples, generator):
        begin = scenes[-1].end_seconds if scenes else 0.0
        if begin >= seconds:
            break
        if scenes and scenes[-1].label == sample.label:
            continue
        length = min(info.duration_seconds, generator.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
        length = int(length * RATE) / RATE
        filters += _part(len(scenes), length, has_sound=info.audio_index is not None)
        inputs += ["-i", str(sample.path)]
        scenes.append(Scene(begin, begin + length, sample.label))
    names = "".join(f"[v{number}][a{number}]" for number in range(len(scenes)))
    graph = ";".join([*filters, f"{names}concat=n={len(scenes)}:v=1:a=1[v][a]"])
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", *inputs]
    command += ["-filter_complex", graph, "-map", "[v]", "-map", "[a]"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac"]
    subprocess.run([*command, str(path)], check=True)
    return scenes


def _drawn(
    samples: Sequence[Sample], generator: np.random.Generator
) -> list[tuple[Sample, VideoInfo]]:
    limits = DecodeLimits()
    found = []
    for number in generator.permutation(len(samples)):
        sample = samples[number]
        deadlines = Deadlines.start(Deadline(limits.wall_seconds), limits)
        info = probe(sample.path, limits=limits, deadlines=deadlines)
        if info.duration_seconds >= SHORTEST_SECONDS - 0.1:
            found.append((sample, info))
    if len({sample.label for sample, _ in found}) < 2:
        raise ValueError(f"clips of {SHORTEST_SECONDS:g} s and more are of fewer than two labels")
    return found


def _part(number: int, seconds: float, *, has_sound: bool) -> list[str]:
    """One input's picture and sound, brought to one form and length."""
    fit = f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=increase,crop={WIDTH}:{HEIGHT}"
    video = f"[{number}:v]fps={RATE},{fit},setsar=1,tpad=stop=-1:stop_mode=clone"
    form = f"aformat=sample_fmts=fltp:sample_rates={SAMPLE_RATE}:channel_layouts=mono"
    sound = f"[{number}:a]{form},apad" if has_sound else f"anullsrc=r={SAMPLE_RATE}:cl=mono"
    return [
        f"{video},trim=duration={seconds:.6f},setpts=PTS-STARTPTS[v{number}]",
        f"{sound},atrim=duration={seconds:.6f},{form}[a{number}]",
    ]
