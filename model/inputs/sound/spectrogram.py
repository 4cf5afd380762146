"""Log power spectrograms, by NumPy alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from model.spec.input_spec import AudioSpec

Waveform = NDArray[np.float32]  # (samples,), mono, -1..1
Spectrogram = NDArray[np.float32]  # (frequencies, times), natural log of power


def spectrogram(waveform: Waveform, spec: AudioSpec) -> Spectrogram:
    """(num_samples,) -> (n_fft // 2 + 1, times); row 0 is 0 Hz, the last row half the rate.

    ln(|S|^2 + epsilon), S being the short-time Fourier transform with a periodic Hann window of
    `win_length` centred in `n_fft` samples, the signal padded with zeros so that column k is
    centred on sample k * hop. The published system's front end, without a scale.
    """
    padded = np.pad(waveform, spec.n_fft // 2)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, spec.n_fft)[:: spec.hop_length]
    spectrum = np.fft.rfft(blocks * _window(spec.n_fft, spec.win_length), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.ascontiguousarray(np.log(power + spec.log_epsilon).T.astype(np.float32))


def silence(spec: AudioSpec) -> Spectrogram:
    """What `spectrogram` gives for zeros."""
    return np.full(spec.shape, np.log(spec.log_epsilon), dtype=np.float32)


@lru_cache(maxsize=8)
def _window(n_fft: int, win_length: int) -> NDArray[np.float64]:
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    left = (n_fft - win_length) // 2
    return np.pad(hann, (left, n_fft - win_length - left))
