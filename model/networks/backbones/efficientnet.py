"""EfficientNet-b0 and -b3 (arXiv:1905.11946): torchvision's, one entry of `features` a stage."""

from __future__ import annotations

from torchvision.models.efficientnet import EfficientNet, MBConvConfig

from model.networks.backbones._sequential import SequentialBackbone, replace_input

# b0's seven stages: expansion, kernel, stride, input channels, output channels, blocks.
_STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)


def efficientnet_b0(in_channels: int, width: float, num_stages: int | None) -> SequentialBackbone:
    return _efficientnet(in_channels, width, 1.0, num_stages)


def efficientnet_b3(in_channels: int, width: float, num_stages: int | None) -> SequentialBackbone:
    """b0 scaled by 1.2 in width and 1.4 in depth."""
    return _efficientnet(in_channels, 1.2 * width, 1.4, num_stages)


def _efficientnet(
    in_channels: int, width: float, depth: float, num_stages: int | None
) -> SequentialBackbone:
    settings = [MBConvConfig(*stage, width_mult=width, depth_mult=depth) for stage in _STAGES]
    channels = [setting.out_channels for setting in settings]
    # Read before building: EfficientNet's own head is four times as wide as its last stage.
    whole = EfficientNet(settings, dropout=0.0)
    if in_channels != 3:
        replace_input(whole.features, in_channels)
    return SequentialBackbone(
        whole.features,
        depths=[1] * len(_STAGES),
        channels=channels,
        head_channels=4 * channels[-1],
        num_stages=num_stages,
    )
