import pytest

from tests.support.moving_clip import moving_clip
from training.data.durations import clip_seconds
from training.data.sources.sample import Sample


def sample(path, **part):
    return Sample(path, ("a",), "train", path.name, **part)


def test_the_clip_in_the_middle_tells(tmp_path):
    short = [
        sample(moving_clip(tmp_path / f"{number}.mp4", seconds=1, sound=False))
        for number in range(3)
    ]
    long = moving_clip(tmp_path / "long.mp4", seconds=5, sound=False)

    assert clip_seconds(short) == pytest.approx(1.0, abs=0.05)
    assert clip_seconds([*short, sample(long), sample(long)]) == pytest.approx(1.0, abs=0.05)
    assert clip_seconds([sample(long)]) == pytest.approx(5.0, abs=0.05)


def test_of_a_part_its_own_length_counts(tmp_path):
    path = moving_clip(tmp_path / "c.mp4", seconds=5, sound=False)

    assert clip_seconds([sample(path, start_seconds=1.0, end_seconds=3.0)]) == 2.0
    assert clip_seconds([sample(path, start_seconds=4.0)]) == pytest.approx(1.0, abs=0.05)


def test_there_must_be_one():
    with pytest.raises(ValueError, match="no training clips"):
        clip_seconds([])
