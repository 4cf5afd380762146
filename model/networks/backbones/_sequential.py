"""What torchvision's MobileNetV2 and EfficientNet share: one numbered Sequential, `features`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from model.networks.backbones.base import Backbone


class SequentialBackbone(Backbone):
    """Cuts `features` (stem, blocks, head convolution) into stages of `depths` entries each."""

    features: nn.Sequential

    def __init__(
        self,
        features: nn.Sequential,
        *,
        depths: Sequence[int],
        channels: Sequence[int],
        head_channels: int,
        num_stages: int | None,
    ) -> None:
        """`channels` leave each stage; `head_channels` leave the head, kept if not truncated."""
        super().__init__()
        self.num_stages = num_stages or len(depths)
        self._ends = [1 + sum(depths[:count]) for count in range(self.num_stages + 1)]
        self._has_head = num_stages is None
        # Slicing a Sequential keeps the entries' names, hence the library's parameter names.
        self.features = features if self._has_head else features[: self._ends[-1]]
        self.feature_dim = head_channels if self._has_head else channels[self.num_stages - 1]

    def stem(self, images: Tensor) -> Tensor:
        output: Tensor = self.features[0](images)
        return output

    def stage(self, number: int, activations: Tensor) -> Tensor:
        for index in range(self._ends[number - 1], self._ends[number]):
            activations = self.features[index](activations)
        return activations

    def head(self, activations: Tensor) -> Tensor:
        if not self._has_head:
            return activations
        output: Tensor = self.features[-1](activations)
        return output


def replace_input(features: nn.Sequential, in_channels: int) -> None:
    """Give the first convolution of torchvision's `features` another number of channels."""
    stem = cast(nn.Sequential, features[0])
    channels = cast(nn.Conv2d, stem[0]).out_channels
    convolution = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
    stem[0] = convolution
