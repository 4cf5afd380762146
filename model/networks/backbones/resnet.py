"""ResNet (arXiv:1512.03385) of any width, from torchvision's blocks and under its names."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from model.networks.backbones.base import Backbone, round_channels

_PLANES = (64, 128, 256, 512)


class ResNet(Backbone):
    """conv1, bn1, pool, then layer1 to layer4; there is no head convolution."""

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        depths: Sequence[int],
        *,
        in_channels: int,
        width: float,
        num_stages: int | None,
    ) -> None:
        super().__init__()
        self.num_stages = num_stages or len(depths)
        planes = [round_channels(count * width) for count in _PLANES]
        self.conv1 = nn.Conv2d(in_channels, planes[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = planes[0]
        for index in range(self.num_stages):
            stride = 1 if index == 0 else 2
            layer = _layer(block, channels, planes[index], depths[index], stride)
            self.add_module(f"layer{index + 1}", layer)
            channels = planes[index] * block.expansion
        self.feature_dim = channels
        _initialize(self)

    def stem(self, images: Tensor) -> Tensor:
        pooled: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return pooled

    def stage(self, number: int, activations: Tensor) -> Tensor:
        output: Tensor = self.get_submodule(f"layer{number}")(activations)
        return output

    def head(self, activations: Tensor) -> Tensor:
        return activations


def resnet18(in_channels: int, width: float, num_stages: int | None) -> ResNet:
    return ResNet(
        BasicBlock, (2, 2, 2, 2), in_channels=in_channels, width=width, num_stages=num_stages
    )


def resnet50(in_channels: int, width: float, num_stages: int | None) -> ResNet:
    return ResNet(
        Bottleneck, (3, 4, 6, 3), in_channels=in_channels, width=width, num_stages=num_stages
    )


def _layer(
    block: type[BasicBlock | Bottleneck], channels: int, planes: int, depth: int, stride: int
) -> nn.Sequential:
    """`depth` blocks; the first one changes size and channels, with a projection beside it."""
    out_channels = planes * block.expansion
    projection = None
    if stride != 1 or channels != out_channels:
        projection = nn.Sequential(
            nn.Conv2d(channels, out_channels, 1, stride=stride, bias=False),
            nn.BatchNorm2d(out_channels),
        )
    blocks = [block(channels, planes, stride, projection)]
    blocks += [block(out_channels, planes) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)


def _initialize(network: nn.Module) -> None:
    """He initialisation (arXiv:1502.01852) of the convolutions, as torchvision's."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
