"""SpecAugment (arXiv:1904.08779) on spectrograms, one draw per video, by torchaudio."""

# Dimensions: V videos, S segments.

from __future__ import annotations

import torch
from torch import Tensor
from torchaudio.functional import mask_along_axis

from training.configuration.recipe import UnimodalConfig

_FREQUENCIES, _TIMES = 1, 2


def draw_seeds(count: int, generator: torch.Generator) -> Tensor:
    """(count,), one for each video."""
    return torch.randint(2**62, (count,), generator=generator)


def mask_bands(inputs: Tensor, config: UnimodalConfig, seeds: Tensor) -> Tensor:
    """(V, S, frequencies, times) -> the same with a band of rows and one of columns set to the
    video's mean, in all of its segments; (V,) `seeds` draw where and how wide."""
    masked = inputs.to(torch.float32, copy=True)
    # torchaudio draws from torch's own generator, on the CPU.
    with torch.random.fork_rng(devices=[]):
        for row, seed in enumerate(seeds.tolist()):
            torch.default_generator.manual_seed(seed)
            masked[row] = _mask(masked[row], config)
    return masked


def is_masked(config: UnimodalConfig) -> bool:
    return bool(config.mask_frequencies or config.mask_times)


def _mask(video: Tensor, config: UnimodalConfig) -> Tensor:
    mean = video.mean().item()
    for axis, widest in ((_FREQUENCIES, config.mask_frequencies), (_TIMES, config.mask_times)):
        # The width is drawn below what is given, and rounded down.
        below = min(widest + 1, video.shape[axis]) if widest else 0
        video = mask_along_axis(video, below, mean, axis)
    return video
