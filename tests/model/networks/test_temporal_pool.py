import pytest
import torch
from torch import nn

from model.networks.temporal_pool import pooled_length, temporal_max_pool


@pytest.mark.parametrize("clips", [1, 3])
@pytest.mark.parametrize("frames", range(1, 10))
def test_equals_max_pooling_in_three_dimensions(frames, clips):
    clips = torch.randn(clips, frames, 5, 4, 6)
    pool = nn.MaxPool3d((3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0))
    expected = pool(clips.transpose(1, 2)).transpose(1, 2)

    pooled = temporal_max_pool(clips.flatten(0, 1), frames)

    assert torch.equal(pooled, expected.flatten(0, 1))
    assert len(pooled) == len(clips) * pooled_length(frames)


def test_eight_frames_become_four_two_one():
    lengths = [8]
    for _ in range(4):
        lengths.append(pooled_length(lengths[-1]))

    assert lengths == [8, 4, 2, 1, 1]


def test_memory_format_does_not_matter():
    frames = torch.randn(4, 5, 4, 6).contiguous(memory_format=torch.channels_last)

    assert torch.equal(temporal_max_pool(frames, 4), temporal_max_pool(frames.contiguous(), 4))
