"""SpecAugment (arXiv:1904.08779) on spectrograms, one draw per video.

torchaudio's masks draw from torch's global generator. Here a thread that reads ahead draws, beside
the dropout of the one that trains: a run could not be repeated.
"""

# Dimensions: V videos, S segments.

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from training.configuration.recipe import UnimodalConfig


class Bands(NamedTuple):
    """Half-open ranges of rows (frequencies) and columns (times), one of each a video."""

    frequencies: tuple[int, int]
    times: tuple[int, int]


def draw_bands(
    count: int, shape: tuple[int, int], config: UnimodalConfig, generator: torch.Generator
) -> list[Bands]:
    """For `count` videos whose spectrograms are of `shape`."""
    return [
        Bands(
            _band(shape[0], config.mask_frequencies, generator),
            _band(shape[1], config.mask_times, generator),
        )
        for _ in range(count)
    ]


def mask_bands(inputs: Tensor, bands: list[Bands]) -> Tensor:
    """(V, S, frequencies, times) -> the same with every video's bands set to its mean."""
    masked = inputs.to(torch.float32, copy=True)
    for video, band in zip(masked, bands, strict=True):
        mean = video.mean()
        video[:, slice(*band.frequencies)] = mean
        video[:, :, slice(*band.times)] = mean
    return masked


def is_masked(config: UnimodalConfig) -> bool:
    return bool(config.mask_frequencies or config.mask_times)


def _band(size: int, widest: int, generator: torch.Generator) -> tuple[int, int]:
    width = int(torch.randint(0, min(widest, size) + 1, (1,), generator=generator))
    start = int(torch.randint(0, size - width + 1, (1,), generator=generator))
    return start, start + width
