"""SpecAugment (arXiv:1904.08779) on spectrograms, one draw per video."""

from __future__ import annotations

import torch
from torch import Tensor

from training.config import UnimodalConfig


def mask_bands(inputs: Tensor, config: UnimodalConfig, generator: torch.Generator) -> Tensor:
    """(V, S, frequencies, times) -> the same with one random band of each axis set to the mean.

    Anything else than spectrograms, or widths of 0, passes through.
    """
    if inputs.ndim != 4 or not (config.mask_frequencies or config.mask_times):
        return inputs
    masked = inputs.clone()
    for video in masked:
        mean = video.mean()
        start, stop = _band(video.shape[1], config.mask_frequencies, generator)
        video[:, start:stop] = mean
        start, stop = _band(video.shape[2], config.mask_times, generator)
        video[:, :, start:stop] = mean
    return masked


def _band(size: int, widest: int, generator: torch.Generator) -> tuple[int, int]:
    width = int(torch.randint(0, min(widest, size) + 1, (1,), generator=generator))
    start = int(torch.randint(0, size - width + 1, (1,), generator=generator))
    return start, start + width
