"""Clips whose colour and tone are known at every moment, made by ffmpeg's own generators."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np

from model.inputs.ffmpeg.programs import programs

SHARED = Path(__file__).parents[3] / "shared"

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def ffmpeg(*arguments):
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=120)


def colour_clip(
    path, parts, *, rate=25, size="96x64", tones=(), output=(), codec=("-c:v", "libx264")
):
    """`parts`: (colour, seconds) one after the other; `tones`: (hertz, seconds) likewise.

    Every frame is a key frame's neighbour at most 1 s away, so seeking is exercised.
    """
    graph, inputs, position = [], [], 0
    for colour, seconds in parts:
        inputs += ["-f", "lavfi", "-i", f"color=c={colour}:s={size}:r={rate}:d={seconds}"]
    for hertz, seconds in tones:
        source = f"sine=frequency={hertz}:sample_rate=24000:duration={seconds}"
        inputs += ["-f", "lavfi", "-i", source]
    names = "".join(f"[{index}:v]" for index in range(len(parts)))
    graph.append(f"{names}concat=n={len(parts)}:v=1[v]")
    maps, position = ["-map", "[v]"], len(parts)
    if tones:
        names = "".join(f"[{position + index}:a]" for index in range(len(tones)))
        graph.append(f"{names}concat=n={len(tones)}:v=0:a=1[a]")
        maps += ["-map", "[a]"]
    encode = [*codec, "-pix_fmt", "yuv420p", "-g", str(round(Fraction(rate)))]
    ffmpeg(*inputs, "-filter_complex", ";".join(graph), *maps, *encode, *output, path)
    return path


def colour_of(image):
    """The name of the nearest colour of (..., H, W, 3) frames' mean."""
    mean = np.asarray(image, dtype=np.float64).reshape(-1, 3).mean(axis=0)
    return min(COLOURS, key=lambda name: np.abs(mean - COLOURS[name]).sum())


def tone_of(spectrogram, sample_rate=24_000):
    """Hertz of the strongest row of a (frequencies, times) log spectrogram; 0 for silence."""
    power = np.exp(spectrogram.astype(np.float64)).mean(axis=1)
    if power.max() < 1e-4:
        return 0
    return float(power.argmax() * sample_rate / 2 / (len(power) - 1))
