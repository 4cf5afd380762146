"""YAMNet's front end, by NumPy alone, against torchaudio."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torchaudio.compliance.kaldi import get_mel_banks
from torchaudio.transforms import Spectrogram

from model.inputs.sound.spectrogram import mel_weights, silence, spectrogram
from model.spec.input_spec import AudioSpec, MelSpec
from tests.support.yamnet import FRONT_END


def kaldi_weights():
    """(frequencies, bands). Kaldi leaves the last frequency out, which no band reaches."""
    banks, _ = get_mel_banks(64, 512, 16_000.0, 125.0, 7500.0, 100.0, -500.0, 1.0)
    return torch.nn.functional.pad(banks, (0, 1)).T


def test_bands_are_kaldis():
    weights = mel_weights(FRONT_END.mel, FRONT_END.n_fft, FRONT_END.sample_rate)

    np.testing.assert_allclose(weights, kaldi_weights().numpy(), atol=2e-5)


def test_a_patch_is_torchaudios():
    waveform = np.random.default_rng(0).normal(size=FRONT_END.num_samples).astype(np.float32) * 0.1
    # torchaudio centres the window of 400 in blocks of 512.
    padded = torch.nn.functional.pad(torch.from_numpy(waveform), (56, 56))
    magnitudes = Spectrogram(512, win_length=400, hop_length=160, power=1.0, center=False)(padded)

    expected = torch.log(kaldi_weights().T @ magnitudes + 1e-3)

    assert FRONT_END.shape == (64, 96) == tuple(expected.shape)
    np.testing.assert_allclose(spectrogram(waveform, FRONT_END), expected.numpy(), atol=1e-4)


def test_silence_is_that_of_zeros():
    zeros = np.zeros(FRONT_END.num_samples, np.float32)

    assert np.array_equal(spectrogram(zeros, FRONT_END), silence(FRONT_END))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MelSpec(low_hz=500, high_hz=400), "low_hz 500.0 is not below high_hz 400.0"),
        (lambda: AudioSpec(sample_rate=8000, mel=MelSpec()), "exceeds half of 8000 Hz"),
        (lambda: AudioSpec(window_seconds=0.005, mel=MelSpec()), "holds no frame"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValidationError, match=message):
        make()
