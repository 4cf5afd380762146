"""Backbone: the interface that every family of image networks offers to the trunk above it."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class Backbone(nn.Module):
    """A stem, numbered stages and a head; the trunk pools over time between the stages.

    Stage 0 is the stem, 1 to `num_stages` follow. `head` is the family's own last convolution, or
    nothing when the backbone was truncated. Parameter names are those of the library the layers
    come from, so that its weights load by name.
    """

    num_stages: int
    feature_dim: int  # channels that leave `head`

    @abstractmethod
    def stem(self, images: Tensor) -> Tensor:
        """(B, C, H, W) normalised floats -> (B, c, h, w)."""

    @abstractmethod
    def stage(self, number: int, activations: Tensor) -> Tensor:
        """Stage `number`, 1 to `num_stages`."""

    @abstractmethod
    def head(self, activations: Tensor) -> Tensor:
        """After the last stage: (B, c, h, w) -> (B, feature_dim, h, w)."""


def round_channels(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, never more than 10 % below `channels`.

    The rule of MobileNet (arXiv:1801.04381) and its descendants, so that widths other than 1 give
    the same channel counts here as in the published families: 24 * 0.75 = 18 -> 24, not 16.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * channels else rounded + divisor
