"""Preprocess: from the arrays of model.inputs to what a backbone eats."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.spec.input_spec import InputSpec
from model.spec.model_spec import Proxy


class Preprocess(nn.Module):
    """Scale, normalise and resize, in this order, as the published system does.

    Its constants are part of the spec, not of the weights: the buffers stay out of state dicts.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, source: Proxy, inputs: InputSpec, resolution: int | None) -> None:
        super().__init__()
        self.source = source
        self.resolution = resolution
        self.in_channels = inputs.channels(source)
        constants = inputs.normalization(source)
        repeats = self.in_channels // len(constants.mean)
        full_scale = 1.0 if source == "audio" else 255.0
        mean = torch.tensor(constants.mean * repeats, dtype=torch.float64)
        std = torch.tensor(constants.std * repeats, dtype=torch.float64)
        # (x / full_scale - mean) / std, as one multiplication and one subtraction.
        self.register_buffer("scale", (1 / (full_scale * std)).float(), persistent=False)
        self.register_buffer("shift", (mean / std).float(), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images (B, F, H, W, C) uint8 or audio (B, H, W) float32 -> (B*F, C, R, R) floats."""
        return self.resize(self.normalize(inputs))

    def normalize(self, inputs: Tensor) -> Tensor:
        """As `forward`, at the inputs' own size; audio counts as one frame of one channel."""
        if self.source == "audio":
            return self._normalize(inputs).unsqueeze(1)
        # Channels go forward last: a runtime that wants them at the end then moves nothing.
        return self._normalize(inputs.flatten(0, 1)).permute(0, 3, 1, 2)

    def _normalize(self, inputs: Tensor) -> Tensor:
        """Of (..., C) images, or spectrograms, which have one channel and no axis of it."""
        return inputs.to(self.scale.dtype) * self.scale - self.shift

    def resize(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, R, R), bilinear between pixel centres, without antialiasing; as
        they are without a resolution."""
        if self.resolution is None:
            return images
        size = (self.resolution, self.resolution)
        if images.shape[-2:] == size:
            return images
        return F.interpolate(images, size=size, mode="bilinear", align_corners=False)
