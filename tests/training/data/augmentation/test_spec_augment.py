"""A video's bands: set to its mean in all segments, as wide as allowed, drawn by the seed alone."""

import pytest
import torch

from training.configuration.recipe import UnimodalConfig
from training.data.augmentation.spec_augment import draw_bands, mask_bands

SHAPE = (4, 40, 60)
CONFIG = UnimodalConfig(mask_frequencies=10, mask_times=20)


@pytest.fixture
def video():
    return torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0)) + 5


def masked(video, config, seed):
    generator = torch.Generator().manual_seed(seed)
    return mask_bands(video, draw_bands(1, SHAPE[1:], config, generator))


def rows_and_columns(video, changed):
    """How many of each are masked whole; nothing else may have changed."""
    mean = video.mean()
    is_mean = torch.isclose(changed[0], mean)
    rows, columns = is_mean.all(dim=(0, 2)), is_mean.all(dim=(0, 1))
    band = rows[None, :, None] | columns[None, None, :]
    assert torch.equal(changed[0][~band.expand(SHAPE)], video[0][~band.expand(SHAPE)])
    for found in (rows, columns):
        changes = found.int().diff().abs().sum()
        assert changes <= 2, "one band"
    return int(rows.sum()), int(columns.sum())


def test_bands_are_of_all_widths_up_to_the_widest(video):
    found = [rows_and_columns(video, masked(video, CONFIG, seed)) for seed in range(400)]
    rows, columns = (set(widths) for widths in zip(*found, strict=True))
    assert rows == set(range(11))
    assert columns == set(range(21))


def test_a_band_may_be_of_one_kind_alone(video):
    config = CONFIG.model_copy(update={"mask_times": 0})
    found = [rows_and_columns(video, masked(video, config, seed)) for seed in range(20)]
    assert {columns for _, columns in found} == {0}
    assert max(rows for rows, _ in found) > 0


def test_every_video_has_bands_of_its_own():
    bands = draw_bands(50, SHAPE[1:], CONFIG, torch.Generator().manual_seed(0))
    assert len(set(bands)) > 40
