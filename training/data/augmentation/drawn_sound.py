"""Spectrograms drawn anew from soundtracks: other windows, speed and loudness in every epoch."""

# Dimensions: V videos, B videos of a batch, S segments.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchaudio import functional

from model.inputs.sound.spectrogram import Waveform, spectrogram
from model.spec.input_spec import AudioSpec
from training.configuration.recipe import UnimodalConfig
from training.data.augmentation.spec_augment import draw_bands, mask_bands


@dataclass(frozen=True, slots=True)
class DrawnSound:
    """An ArrayStore. A draw depends on the seed, the epoch and the file alone."""

    files: Sequence[Path]  # of samples, see Soundtracks
    audio: AudioSpec
    segments: int
    config: UnimodalConfig
    seed: int
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows: Tensor) -> Tensor:
        """(B,) indices -> (B, S, frequencies, times)."""
        return torch.stack([self._draw(self.files[row]) for row in rows.tolist()])

    def only(self, rows: Tensor) -> DrawnSound:
        return replace(self, files=[self.files[row] for row in rows.nonzero()[:, 0].tolist()])

    def for_epoch(self, epoch: int) -> DrawnSound:
        return replace(self, epoch=epoch)

    def _draw(self, file: Path) -> Tensor:
        track = np.load(file, mmap_mode="r", allow_pickle=False)
        generator = np.random.default_rng([self.seed, self.epoch, int(file.stem, 16)])
        windows = draw_windows(track, self.audio, self.segments, self.config, generator)
        video = torch.from_numpy(np.stack([spectrogram(one, self.audio) for one in windows]))
        masks = torch.Generator().manual_seed(int(generator.integers(2**62)))
        bands = draw_bands(1, self.audio.shape, self.config, masks)
        return mask_bands(video.unsqueeze(0), bands).squeeze(0)


def draw_windows(
    track: Waveform,
    audio: AudioSpec,
    segments: int,
    config: UnimodalConfig,
    generator: np.random.Generator,
) -> list[Waveform]:
    """One window from each of `segments` equal shares of the track, all at one speed and gain.

    Speed is changed by resampling, so pitch moves with it, in hundredths: a finer ratio would need
    a filter of many thousand taps. Too short a track repeats.
    """
    percent = round(100 * (1 + config.speed_change * generator.uniform(-1, 1)))
    gain = config.gain_change * generator.uniform(-1, 1)
    length = -(-audio.num_samples * percent // 100)
    latest = max(0, len(track) - length)
    shares = (np.arange(segments) + generator.random(segments)) / segments
    starts = np.floor(shares * latest).astype(int).tolist()
    cuts = np.stack([np.resize(track[start : start + length], length) for start in starts])
    sound = functional.resample(torch.from_numpy(cuts), percent, 100)[:, : audio.num_samples]
    return list(functional.gain(sound, gain).numpy())
