"""Sound: windows of a stretch, spectrograms, and what is missing."""

import numpy as np
import pytest
import torch
from torchaudio.transforms import Spectrogram

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from model.inputs.placement.segments import plan_at
from model.inputs.sound.sound_decoder import SoundDecoder, Stretch
from model.inputs.sound.spectrogram import silence, spectrogram
from model.spec.input_spec import AudioSpec
from tests.support.clips import colour_clip, ffmpeg, tone_of
from tests.support.models import tiny_spec

SPEC = AudioSpec()
MODEL = tiny_spec()


def look(path, starts):
    return open_video(
        path,
        MODEL,
        lambda info: plan_at(info, MODEL.inputs, starts),
        limits=DecodeLimits(),
        deadline=Deadline(60),
    )


def codes(video):
    return [warning.code for warning in video.warnings]


def ramp(seconds):
    return np.arange(round(seconds * SPEC.sample_rate), dtype=np.float32)


def test_a_window_is_cut_where_it_lies():
    window = Stretch(2.0, ramp(5)).cut(3.0, SPEC)

    assert (window[0], window[-1], len(window)) == (24_000, 24_000 + 30_719, 30_720)


def test_a_window_that_overhangs_ends_with_the_sound():
    window = Stretch(2.0, ramp(5)).cut(6.0, SPEC)

    assert window[-1] == 5 * 24_000 - 1


def test_a_window_beyond_the_sound_is_unavailable():
    assert Stretch(2.0, ramp(5)).cut(7.0, SPEC) is None
    assert Stretch(2.0, ramp(0)).cut(2.0, SPEC) is None


def test_sound_shorter_than_a_window_repeats():
    window = Stretch(0.0, ramp(0.5)).cut(0.0, SPEC)

    assert window[12_000:12_003].tolist() == [0, 1, 2]


def test_spectrogram_of_a_tone():
    time = np.arange(SPEC.num_samples) / SPEC.sample_rate
    tone = np.sin(2 * np.pi * 3000 * time).astype(np.float32)

    result = spectrogram(tone, SPEC)

    assert result.shape == (256, 256) == SPEC.shape
    assert result.dtype == np.float32
    assert tone_of(result) == pytest.approx(3000, abs=50)


def test_spectrogram_agrees_with_its_definition():
    """Column k, by the sum that defines it."""
    waveform = np.random.default_rng(0).normal(size=SPEC.num_samples).astype(np.float32)
    column, row = 37, 100
    window = np.zeros(511)
    window[135:375] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(240) / 240)
    block = np.pad(waveform, 255)[column * 120 : column * 120 + 511] * window
    coefficient = np.sum(block * np.exp(-2j * np.pi * row * np.arange(511) / 511))

    expected = np.log(np.abs(coefficient) ** 2 + 1e-6)

    assert spectrogram(waveform, SPEC)[row, column] == pytest.approx(expected, rel=1e-5)


def test_spectrogram_is_torchaudios():
    waveform = np.random.default_rng(0).normal(size=SPEC.num_samples).astype(np.float32) * 0.1
    power = Spectrogram(
        SPEC.n_fft, win_length=SPEC.win_length, hop_length=SPEC.hop_length, pad_mode="constant"
    )(torch.from_numpy(waveform))

    expected = torch.log(power + SPEC.log_epsilon)

    assert SPEC.shape == tuple(expected.shape)
    np.testing.assert_allclose(spectrogram(waveform, SPEC), expected.numpy(), atol=1e-3)


def test_silence_is_the_spectrogram_of_zeros():
    zeros = np.zeros(SPEC.num_samples, np.float32)

    assert np.array_equal(spectrogram(zeros, SPEC), silence(SPEC))
    assert silence(SPEC)[0, 0] == pytest.approx(-13.8155, abs=1e-4)


def test_no_audio_stream(tmp_path):
    video = look(colour_clip(tmp_path / "c.mp4", (("red", 3),)), (0.0, 1.0))

    assert codes(video) == ["no_audio_stream"]
    assert video.available().tolist() == [[True, False, True]] * 2
    expected = np.stack([silence(MODEL.inputs.audio)] * 2)
    assert np.array_equal(video.policy_inputs("audio"), expected)


def test_sound_that_ends_early_is_unavailable_afterwards(tmp_path):
    path = colour_clip(tmp_path / "c.mp4", (("red", 8),), tones=((500, 3),))

    video = look(path, (0.0, 2.0, 6.0))

    assert video.available()[:, 1].tolist() == [True, True, False]
    assert [tone_of(one) for one in video.policy_inputs("audio")] == pytest.approx(
        [500, 500, 0], abs=60
    )


@pytest.fixture
def spans_decoded(monkeypatch):
    """How many spans each process that decoded sound was asked for."""
    counts = []
    real = SoundDecoder._run

    def recording(decoder, spans):
        counts.append(len(spans))
        return real(decoder, spans)

    monkeypatch.setattr(SoundDecoder, "_run", recording)
    return counts


@pytest.mark.parametrize(
    ("tones", "kind", "processes"),
    [
        (((500, 100), (2000, 100), (5000, 100)), "mp4", [3]),
        (((500, 100), (2000, 100), (5000, 100)), "mkv", [3]),
        # Nothing is heard in the last window, which is looked for once more.
        (((500, 100), (2000, 20)), "mp4", [3, 1, 1, 1]),
    ],
)
def test_spans_share_a_process_and_give_the_same_sound(
    tmp_path, spans_decoded, monkeypatch, tones, kind, processes
):
    path = colour_clip(tmp_path / f"c.{kind}", (("red", 300),), tones=tones, size="32x32", rate=5)
    together = look(path, (10.0, 110.0, 250.0))
    assert spans_decoded == processes
    monkeypatch.setattr(SoundDecoder, "_together", lambda *_: None)

    alone = look(path, (10.0, 110.0, 250.0))

    assert np.array_equal(together.available(), alone.available())
    assert np.array_equal(together.policy_inputs("audio"), alone.policy_inputs("audio"))
    heard = together.available()[:, 1]
    frequencies = [tone_of(one) for one in together.policy_inputs("audio")[heard]]
    assert frequencies == pytest.approx([500, 2000, 5000][: sum(heard)], abs=60)


def test_sound_too_short_to_use(tmp_path):
    path = colour_clip(
        tmp_path / "c.mkv", (("red", 2),), tones=((500, 0.05),), output=("-c:a", "flac")
    )

    video = look(path, (0.0,))

    assert codes(video) == ["audio_too_short"]
    assert not video.available()[:, 1].any()


def test_sound_that_cannot_be_decoded(tmp_path):
    """The packets of the sound are overwritten; the pictures are not."""
    source, path = tmp_path / "source.mkv", tmp_path / "c.mkv"
    colour_clip(source, (("red", 2),), tones=((500, 2),), output=("-c:a", "flac"))
    ffmpeg("-i", source, "-c", "copy", "-bsf:a", "noise=amount=1", path)

    video = look(path, (0.0,))

    assert codes(video) == ["audio_undecodable"]
    assert not video.available()[:, 1].any()


def test_a_gap_in_the_sound_is_silent(tmp_path):
    """The later sound stays where it was, although nothing lies in between."""
    source, path = tmp_path / "source.mp4", tmp_path / "c.mkv"
    colour_clip(source, (("red", 9),), tones=((500, 3), (2000, 3), (5000, 3)))
    ffmpeg(
        *("-i", source, "-af", "aselect='not(between(t,3,6))'", "-c:v", "copy"),
        *("-c:a", "flac", path),
    )

    video = look(path, (0.5, 3.9, 7.0))

    tones = [tone_of(one) for one in video.policy_inputs("audio")]
    assert tones == pytest.approx([500, 0, 5000], abs=100)


def test_far_windows_are_decoded_apart_and_still_in_place(tmp_path):
    tones = ((500, 200), (2000, 200), (5000, 200))
    path = colour_clip(
        tmp_path / "c.mp4", (("red", 600),), tones=tones, rate=1, output=("-ar", "44100")
    )

    video = look(path, (100.0, 300.0, 500.0))

    found = [tone_of(one) for one in video.policy_inputs("audio")]
    assert found == pytest.approx([500, 2000, 5000], abs=100)


def test_sound_that_lies_far_from_its_pictures(tmp_path):
    """All pictures come after all sound in the file, where a seek to a picture skips the sound."""
    source, path = tmp_path / "source.mp4", tmp_path / "c.mkv"
    colour_clip(source, (("red", 60),), tones=((500, 20), (2000, 20), (5000, 20)), rate=10)
    keep = "select='eq(n,0)+eq(n,200)+eq(n,400)+eq(n,599)'"
    ffmpeg("-i", source, "-vf", keep, "-fps_mode", "vfr", "-c:a", "copy", path)

    video = look(path, (10.0, 30.0, 50.0))

    found = [tone_of(one) for one in video.policy_inputs("audio")]
    assert found == pytest.approx([500, 2000, 5000], abs=100)
