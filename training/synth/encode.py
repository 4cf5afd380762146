"""Frames and samples to a file, by ffmpeg; the same input gives the same bytes."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from model.files.atomic_file import write_atomically
from model.inputs.ffmpeg.programs import programs
from training.synth.settings import FRAME_RATE
from training.synth.sound import SAMPLE_RATE

TIMEOUT_SECONDS = 600


def encode(path: Path, frames: NDArray[np.uint8], sound: NDArray[np.int16] | None) -> None:
    """H.264, and AAC where there is sound, in MP4; a key frame a second.

    Raises:
        OSError: ffmpeg cannot be run or fails, with its last words.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda temporary: _encode(temporary, frames, sound))


def _encode(path: Path, frames: NDArray[np.uint8], sound: NDArray[np.int16] | None) -> None:
    with tempfile.NamedTemporaryFile(suffix=".s16") as samples:
        if sound is not None:
            samples.write(sound.astype("<i2").tobytes())
            samples.flush()
        command = _command(path, frames, None if sound is None else Path(samples.name))
        finished = subprocess.run(
            command,
            input=frames.tobytes(),
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    if finished.returncode != 0:
        raise OSError(f"ffmpeg cannot encode {path}: {finished.stderr.decode()[-500:].strip()}")


def _command(path: Path, frames: NDArray[np.uint8], samples: Path | None) -> list[str]:
    height, width = frames.shape[1:3]
    pictures = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", r=FRAME_RATE
    )
    streams, options = [pictures], {"vcodec": "libx264", "preset": "veryfast", "crf": 20}
    if samples is not None:
        streams.append(ffmpeg.input(str(samples), format="s16le", ar=SAMPLE_RATE, ac=1))
        options |= {"acodec": "aac", "b:a": "64k"}
    # More threads, and what a container says of its making, would change the bytes.
    fixed = {"threads": 1, "fflags": "+bitexact", "flags:v": "+bitexact", "flags:a": "+bitexact"}
    sink = ffmpeg.output(
        *streams, str(path), format="mp4", pix_fmt="yuv420p", g=FRAME_RATE, **options, **fixed
    )
    command: list[str] = ffmpeg.compile(sink, cmd=programs().ffmpeg, overwrite_output=True)
    return [command[0], "-v", "error", *command[1:]]
