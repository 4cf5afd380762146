"""The samples: what they are, where they lie, and how they are made anew.

They were written by this very code and lie in `clips/`, so that nothing is to be made when the
service starts; a test shows that the code still makes them.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from model.files.atomic_file import write_atomically
from model.inputs.ffmpeg.programs import programs
from service.samples import scenes, sounds
from service.samples.scenes import Scene
from service.samples.sounds import SAMPLE_RATE, Sound

FRAME_RATE = 25
_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Stretch:
    """`sound` is None where the clip has no sound track at all."""

    seconds: float
    scene: Scene
    sound: Sound | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A clip of stretches with a cut between two of them; `width` and `height` in pixels."""

    name: str
    title: str
    description: str
    width: int
    height: int
    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        return sum(stretch.seconds for stretch in self.stretches)


SAMPLES = (
    Sample(
        "three-scenes.mp4",
        "Three scenes",
        "A ball, a pendulum, rain: two cuts, three sounds.",
        320,
        180,
        (
            Stretch(4.0, scenes.bouncing_ball, sounds.thumps),
            Stretch(4.0, scenes.pendulum, sounds.ticks),
            Stretch(4.0, scenes.rain, sounds.rainfall),
        ),
    ),
    Sample(
        "still-and-moving.mp4",
        "Still, then moving",
        "A silent room in which something happens now and then.",
        320,
        180,
        (
            Stretch(4.0, scenes.still_room, sounds.silence),
            Stretch(4.0, scenes.room_with_ball, sounds.thumps),
            Stretch(4.0, scenes.still_room, sounds.silence),
            Stretch(4.0, scenes.room_with_ball, sounds.thumps),
        ),
    ),
    Sample(
        "portrait.mp4",
        "Upright, no sound",
        "A windmill, filmed like by a telephone, without a sound track.",
        180,
        320,
        (Stretch(6.4, scenes.windmill, None),),
    ),
)


def bundled_clip(name: str) -> Path | None:
    """Where a sample lies; None for a name that is none of theirs."""
    if name not in {sample.name for sample in SAMPLES}:
        return None
    return Path(str(files("service").joinpath("samples", "clips", name)))


def make_sample(sample: Sample, folder: Path) -> Path:
    """Draw, play and encode it.

    Raises:
        OSError: ffmpeg cannot be run or fails, with its last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / sample.name
    write_atomically(path, lambda temporary: _encode(temporary, sample))
    return path


def render_frames(sample: Sample) -> NDArray[np.uint8]:
    """(T, H, W, 3) RGB; the clock runs on over cuts."""
    frames = np.zeros(
        (round(sample.seconds * FRAME_RATE), sample.height, sample.width, 3), np.uint8
    )
    place = 0
    for stretch in sample.stretches:
        for _ in range(round(stretch.seconds * FRAME_RATE)):
            stretch.scene(frames[place], place / FRAME_RATE)
            place += 1
    return frames


def render_sound(sample: Sample) -> NDArray[np.int16] | None:
    """(N,) mono samples, None for a clip without a sound track."""
    pieces, begin = [], 0.0
    for stretch in sample.stretches:
        if stretch.sound is None:
            return None
        count = round(stretch.seconds * SAMPLE_RATE)
        pieces.append(stretch.sound(begin + np.arange(count) / SAMPLE_RATE))
        begin += stretch.seconds
    return (32767 * np.concatenate(pieces).clip(-1, 1)).round().astype(np.int16)


def _encode(path: Path, sample: Sample) -> None:
    sound = render_sound(sample)
    with tempfile.NamedTemporaryFile(suffix=".s16") as samples:
        if sound is not None:
            samples.write(sound.astype("<i2").tobytes())
            samples.flush()
        command = _command(path, sample, None if sound is None else samples.name)
        finished = subprocess.run(
            command,
            input=render_frames(sample).tobytes(),
            stderr=subprocess.PIPE,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    if finished.returncode != 0:
        raise OSError(f"ffmpeg cannot encode {path}: {finished.stderr.decode()[-500:].strip()}")


def _command(path: Path, sample: Sample, samples: str | None) -> list[str]:
    size = f"{sample.width}x{sample.height}"
    streams = [ffmpeg.input("pipe:0", format="rawvideo", pix_fmt="rgb24", s=size, r=FRAME_RATE)]
    options: dict[str, object] = {"vcodec": "libx264", "preset": "slow", "crf": 25}
    if samples is not None:
        streams.append(ffmpeg.input(samples, format="s16le", ar=SAMPLE_RATE, ac=1))
        options |= {"acodec": "aac", "b:a": "48k"}
    # More threads, and what a container says of its making, would change the bytes.
    fixed = {"threads": 1, "fflags": "+bitexact", "flags:v": "+bitexact", "flags:a": "+bitexact"}
    sink = ffmpeg.output(
        *streams,
        str(path),
        format="mp4",
        pix_fmt="yuv420p",
        g=FRAME_RATE,
        # Played while it arrives.
        movflags="+faststart",
        **options,
        **fixed,
    )
    command: list[str] = ffmpeg.compile(sink, cmd=programs().ffmpeg, overwrite_output=True)
    return [command[0], "-v", "error", *command[1:]]
