"""Sound drawn anew: where from, how changed, and on what a draw depends."""

import numpy as np
import pytest
import torch

from model.spec.input_spec import AudioSpec
from training.configuration.recipe import UnimodalConfig
from training.data.augmentation.drawn_sound import DrawnSound, draw_windows

AUDIO = AudioSpec()
SECONDS = 6
STILL = UnimodalConfig(draws_sound=True, speed_change=0, gain_change=0)


@pytest.fixture
def ramp():
    """Every sample tells its own position."""
    return np.arange(SECONDS * AUDIO.sample_rate, dtype=np.float32)


def windows(track, config, seed=0, segments=5):
    return draw_windows(track, AUDIO, segments, config, np.random.default_rng(seed))


def test_one_window_starts_in_each_share_of_the_track(ramp):
    latest = len(ramp) - AUDIO.num_samples
    for seed in range(20):
        starts = np.array([window[0] for window in windows(ramp, STILL, seed)])
        shares = starts / latest * 5
        assert np.floor(shares).tolist() == [0, 1, 2, 3, 4]


def middle_slope(window):
    """The filter sees silence beyond the ends."""
    middle = window[len(window) // 4 : -len(window) // 4]
    return (middle[-1] - middle[0]) / (len(middle) - 1)


def test_windows_are_cut_unchanged_where_nothing_may_change(ramp):
    for window in windows(ramp, STILL):
        np.testing.assert_array_equal(window, window[0] + np.arange(AUDIO.num_samples))


def test_speed_changes_the_pitch_within_its_bounds(ramp):
    steps = [
        middle_slope(windows(ramp, STILL.model_copy(update={"speed_change": 0.2}), seed)[0])
        for seed in range(50)
    ]
    assert 0.8 <= min(steps) < 0.85
    assert 1.15 < max(steps) <= 1.2


def test_gain_is_one_for_all_windows_and_within_its_bounds(ramp):
    config = STILL.model_copy(update={"gain_change": 6.0})
    gains = []
    for seed in range(50):
        slopes = [middle_slope(window) for window in windows(ramp, config, seed)]
        assert slopes == pytest.approx([slopes[0]] * 5, rel=1e-3)
        gains.append(20 * np.log10(slopes[0]))
    assert -6.01 <= min(gains) < -5
    assert 5 < max(gains) <= 6.01


def test_a_short_track_repeats():
    track = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    (window,) = windows(track, STILL, segments=1)
    np.testing.assert_array_equal(window, np.resize(track, AUDIO.num_samples))


@pytest.fixture
def rows(tmp_path):
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number:030x}.npy")
        noise = np.random.default_rng(number).normal(size=3 * AUDIO.sample_rate)
        np.save(files[-1], noise.astype(np.float32))
    config = UnimodalConfig(draws_sound=True, mask_times=40)
    return DrawnSound(files, AUDIO, segments=2, config=config, seed=1)


def test_a_draw_leaves_torchs_own_generator_alone(rows):
    """It is drawn beside the dropout of the thread that trains."""
    before = torch.random.get_rng_state()
    rows.take(torch.tensor([0, 1, 2]))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_draw_depends_on_seed_epoch_and_file_alone(rows):
    drawn = rows.take(torch.tensor([0, 1, 2]))
    assert drawn.shape == (3, 2, *AUDIO.shape)
    torch.testing.assert_close(rows.take(torch.tensor([2, 0])), drawn[[2, 0]], rtol=0, atol=0)
    without_first = rows.only(torch.tensor([False, True, True]))
    torch.testing.assert_close(without_first.take(torch.tensor([0])), drawn[1:2], rtol=0, atol=0)
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(rows.for_epoch(1).take(torch.tensor([0])), drawn[:1])
