"""Log power and log-mel spectrograms, by NumPy alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.spec.input_spec import AudioSpec, MelSpec

Waveform = NDArray[np.float32]  # (samples,), mono, -1..1
Spectrogram = NDArray[np.float32]  # (frequencies or bands, times), natural log


def spectrogram(waveform: Waveform, spec: AudioSpec) -> Spectrogram:
    """(num_samples,) -> `spec.shape`: log power, or log mel where `spec.mel` says so."""
    if spec.mel is not None:
        return _log_mel(waveform, spec, spec.mel)
    return _log_power(waveform, spec)


def _log_power(waveform: Waveform, spec: AudioSpec) -> Spectrogram:
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


def _log_mel(waveform: Waveform, spec: AudioSpec, mel: MelSpec) -> Spectrogram:
    """(num_samples,) -> (bands, times): ln(bands of |S| + epsilon), YAMNet's front end.

    Column k is of the `win_length` samples from k * hop on, under a periodic Hann window.
    """
    blocks = np.lib.stride_tricks.sliding_window_view(waveform, spec.win_length)
    windowed = blocks[:: spec.hop_length] * _hann(spec.win_length)
    magnitudes = np.abs(np.fft.rfft(windowed, n=spec.n_fft, axis=1))
    bands = magnitudes @ mel_weights(mel, spec.n_fft, spec.sample_rate)
    return np.ascontiguousarray(np.log(bands + spec.log_epsilon).T.astype(np.float32))


@lru_cache(maxsize=8)
def mel_weights(mel: MelSpec, n_fft: int, sample_rate: int) -> NDArray[np.float64]:
    """(n_fft // 2 + 1, bands): what each frequency gives to each band."""
    frequencies = _to_mel(np.fft.rfftfreq(n_fft, 1 / sample_rate).astype(np.float64))[:, None]
    edges = np.linspace(_to_mel(mel.low_hz), _to_mel(mel.high_hz), mel.bands + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0  # 0 Hz is no sound
    return weights


def _to_mel(hertz: float | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))


def silence(spec: AudioSpec) -> Spectrogram:
    """What `spectrogram` gives for zeros."""
    return np.full(spec.shape, np.log(spec.log_epsilon), dtype=np.float32)


@lru_cache(maxsize=8)
def _window(n_fft: int, win_length: int) -> NDArray[np.float64]:
    left = (n_fft - win_length) // 2
    return np.pad(_hann(win_length), (left, n_fft - win_length - left))


def _hann(length: int) -> NDArray[np.float64]:
    """Periodic."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))
