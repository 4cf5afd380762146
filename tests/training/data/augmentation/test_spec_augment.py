"""A video's bands: set to its mean in all segments, as wide as allowed, drawn by the seed alone."""

import pytest
import torch

from training.configuration.recipe import UnimodalConfig
from training.data.augmentation.spec_augment import draw_seeds, mask_bands

SHAPE = (4, 40, 60)
CONFIG = UnimodalConfig(mask_frequencies=10, mask_times=20)


@pytest.fixture
def video():
    return torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0)) + 5


def rows_and_columns(video, masked):
    """How many of each are masked whole; nothing else may have changed."""
    mean = video.mean()
    is_mean = torch.isclose(masked[0], mean)
    rows, columns = is_mean.all(dim=(0, 2)), is_mean.all(dim=(0, 1))
    band = rows[None, :, None] | columns[None, None, :]
    assert torch.equal(masked[0][~band.expand(SHAPE)], video[0][~band.expand(SHAPE)])
    for found in (rows, columns):
        changes = found.int().diff().abs().sum()
        assert changes <= 2, "one band"
    return int(rows.sum()), int(columns.sum())


def test_bands_are_of_all_widths_up_to_the_widest(video):
    found = [
        rows_and_columns(video, mask_bands(video, CONFIG, torch.tensor([seed])))
        for seed in range(400)
    ]
    rows, columns = (set(widths) for widths in zip(*found, strict=True))
    assert rows == set(range(11))
    assert columns == set(range(21))


def test_a_band_may_be_of_one_kind_alone(video):
    config = CONFIG.model_copy(update={"mask_times": 0})
    found = [
        rows_and_columns(video, mask_bands(video, config, torch.tensor([seed])))
        for seed in range(20)
    ]
    assert {columns for _, columns in found} == {0}
    assert max(rows for rows, _ in found) > 0


def test_a_draw_depends_on_its_seed_alone(video):
    both = torch.cat([video, video * 2])
    seeds = draw_seeds(2, torch.Generator().manual_seed(3))
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    together = mask_bands(both, CONFIG, seeds)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    alone = mask_bands(both[1:], CONFIG, seeds[1:])
    torch.testing.assert_close(together[1:], alone, rtol=0, atol=0)


def test_bands_wider_than_the_spectrogram_leave_some_of_it(video):
    config = UnimodalConfig(mask_frequencies=1000, mask_times=0)
    for seed in range(50):
        rows, _ = rows_and_columns(video, mask_bands(video, config, torch.tensor([seed])))
        assert rows < SHAPE[1]
