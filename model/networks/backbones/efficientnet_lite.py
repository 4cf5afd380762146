"""EfficientNet-Lite0: b0 without squeeze-and-excitation, ReLU6 throughout; timm's TensorFlow port.

Source: tensorflow/tpu, efficientnet/lite. Its convolutions pad as TensorFlow's 'SAME': for an even
size and stride 2 one row and column at the end only, so weights trained there need it here.
"""

from __future__ import annotations

from functools import partial

from timm.models.efficientnet import EfficientNet, decode_arch_def
from torch import Tensor, nn

from model.networks.backbones.base import Backbone, round_channels

# One string a stage, as timm writes them: repeats, kernel, stride, expansion, channels.
_STAGES = (
    "ds_r1_k3_s1_e1_c16",
    "ir_r2_k3_s2_e6_c24",
    "ir_r2_k5_s2_e6_c40",
    "ir_r3_k3_s2_e6_c80",
    "ir_r3_k5_s1_e6_c112",
    "ir_r4_k5_s2_e6_c192",
    "ir_r1_k3_s1_e6_c320",
)
_CHANNELS = (16, 24, 40, 80, 112, 192, 320)
_HEAD_CHANNELS = 1280
_BATCH_NORM = partial(nn.BatchNorm2d, eps=1e-3)  # TensorFlow's epsilon


class EfficientNetLite(Backbone):
    """timm's layers under timm's names: conv_stem, bn1, blocks.0 to .6, conv_head, bn2."""

    def __init__(self, in_channels: int, width: float, num_stages: int | None) -> None:
        super().__init__()
        whole = EfficientNet(
            decode_arch_def([[stage] for stage in _STAGES]),
            num_classes=0,
            num_features=round_channels(_HEAD_CHANNELS * max(1.0, width)),
            in_chans=in_channels,
            pad_type="same",
            act_layer=nn.ReLU6,
            norm_layer=_BATCH_NORM,
            round_chs_fn=lambda channels: round_channels(channels * width),
        )
        self.num_stages = num_stages or len(_STAGES)
        self.conv_stem, self.bn1 = whole.conv_stem, whole.bn1
        self.blocks = whole.blocks[: self.num_stages]
        self._has_head = num_stages is None
        self.feature_dim = round_channels(_CHANNELS[self.num_stages - 1] * width)
        if self._has_head:
            self.conv_head, self.bn2 = whole.conv_head, whole.bn2
            self.feature_dim = whole.num_features

    def stem(self, images: Tensor) -> Tensor:
        output: Tensor = self.bn1(self.conv_stem(images))
        return output

    def stage(self, number: int, activations: Tensor) -> Tensor:
        output: Tensor = self.blocks[number - 1](activations)
        return output

    def head(self, activations: Tensor) -> Tensor:
        if not self._has_head:
            return activations
        output: Tensor = self.bn2(self.conv_head(activations))
        return output


def efficientnet_lite0(in_channels: int, width: float, num_stages: int | None) -> EfficientNetLite:
    return EfficientNetLite(in_channels, width, num_stages)
