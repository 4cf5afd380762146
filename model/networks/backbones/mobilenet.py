"""MobileNetV2 (arXiv:1801.04381): torchvision's, cut into its seven groups of blocks."""

from __future__ import annotations

from torchvision.models.mobilenetv2 import MobileNetV2

from model.networks.backbones._sequential import SequentialBackbone, replace_input
from model.networks.backbones.base import round_channels

# Output channels at width 1 and number of blocks of each group, in order.
_CHANNELS = (16, 24, 32, 64, 96, 160, 320)
_DEPTHS = (1, 2, 3, 4, 3, 3, 1)


def mobilenet_v2(in_channels: int, width: float, num_stages: int | None) -> SequentialBackbone:
    whole = MobileNetV2(width_mult=width)
    if in_channels != 3:
        replace_input(whole.features, in_channels)
    return SequentialBackbone(
        whole.features,
        depths=_DEPTHS,
        channels=[round_channels(channels * width) for channels in _CHANNELS],
        head_channels=whole.last_channel,
        num_stages=num_stages,
    )
