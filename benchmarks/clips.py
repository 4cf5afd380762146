"""Clips that are made for measuring; ffmpeg makes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from model.inputs.ffmpeg.programs import programs


def film(
    path: Path, *, seconds: float, key_frames: int = 250, size: str = "1280x720", rate: int = 25
) -> Path:
    """H.264 and AAC: a moving test picture with grain, so that it is as hard to decode as a real
    one, and a tone. `key_frames`: the most frames between two."""
    picture = f"testsrc2=s={size}:r={rate}:d={seconds:g},noise=alls=12:allf=t"
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"sine=f=440:r=44100:d={seconds:g}"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "3M", "-pix_fmt", "yuv420p"]
    command += ["-g", str(key_frames), "-keyint_min", str(key_frames), "-sc_threshold", "0"]
    subprocess.run([*command, "-c:a", "aac", str(path)], check=True)
    return path


def repeated(source: Path, path: Path, *, times: int) -> Path:
    """The same film over and over, not encoded anew."""
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", "-stream_loop", str(times - 1)]
    subprocess.run([*command, "-i", str(source), "-c", "copy", str(path)], check=True)
    return path
