"""YAMNet: the MobileNetV1 (arXiv:1704.04861) that was trained on AudioSet, over log-mel patches.

Published in TensorFlow's model garden (audioset/yamnet, Apache-2.0). There a patch is (times,
bands); here it is (bands, times) as all of our spectrograms are, so its kernels are stored turned.
"""

from __future__ import annotations

from functools import partial

from timm.layers import ConvNormAct
from timm.models._efficientnet_blocks import DepthwiseSeparableConv
from torch import Tensor, nn

from model.networks.backbones.base import Backbone, round_channels

_STEM_CHANNELS = 32
# Output channels and stride of each pair of a depthwise and a pointwise convolution.
_PAIRS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *(((512, 1),) * 5),
    *((1024, 2), (1024, 1)),
)
_BATCH_NORM = partial(nn.BatchNorm2d, eps=1e-4)


class YAMNet(Backbone):
    """A convolution, then thirteen pairs as stages; there is no head convolution.

    timm's layers under timm's names: stem, and blocks.0 to .12 of conv_dw, bn1, conv_pw, bn2.
    """

    def __init__(self, in_channels: int, width: float, num_stages: int | None) -> None:
        super().__init__()
        self.num_stages = num_stages or len(_PAIRS)
        channels = round_channels(_STEM_CHANNELS * width)
        self.conv_stem = ConvNormAct(
            in_channels, channels, 3, stride=2, padding="same", norm_layer=_BATCH_NORM
        )
        blocks = []
        for out, stride in _PAIRS[: self.num_stages]:
            wide = round_channels(out * width)
            blocks.append(_pair(channels, wide, stride))
            channels = wide
        self.blocks = nn.Sequential(*blocks)
        self.feature_dim = channels

    def stem(self, images: Tensor) -> Tensor:
        """(B, 1, bands, times) -> (B, c, bands / 2, times / 2)."""
        output: Tensor = self.conv_stem(images)
        return output

    def stage(self, number: int, activations: Tensor) -> Tensor:
        output: Tensor = self.blocks[number - 1](activations)
        return output

    def head(self, activations: Tensor) -> Tensor:
        return activations


def yamnet(in_channels: int, width: float, num_stages: int | None) -> YAMNet:
    return YAMNet(in_channels, width, num_stages)


def _pair(channels: int, out: int, stride: int) -> nn.Module:
    pair: nn.Module = DepthwiseSeparableConv(
        channels,
        out,
        stride=stride,
        pad_type="same",  # TensorFlow's: an odd row or column of zeros goes to the end
        noskip=True,
        pw_act=True,
        norm_layer=_BATCH_NORM,
    )
    return pair
