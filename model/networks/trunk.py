"""Trunk: everything of a network below its classifier, from raw inputs to one feature vector."""

# Dimensions: B segments, F frames (fewer after each temporal pool), C channels, D features.

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.networks.backbones import build_backbone
from model.networks.preprocess import Preprocess
from model.networks.temporal_pool import pool_frames, pooled_length, temporal_max_pool
from model.spec.input_spec import InputSpec
from model.spec.model_spec import NetworkSpec, Proxy


class Trunk(nn.Module):
    """A backbone over the frames of a segment (TSN, arXiv:1608.00859), pooled over time inside."""

    def __init__(self, spec: NetworkSpec, source: Proxy, inputs: InputSpec) -> None:
        super().__init__()
        self.spec = spec
        self.preprocess = Preprocess(source, inputs, spec.resolution)
        self.backbone = build_backbone(
            spec.backbone,
            in_channels=self.preprocess.in_channels,
            width=spec.width,
            num_stages=spec.num_stages,
        )

    @property
    def num_stages(self) -> int:
        return self.backbone.num_stages

    @property
    def feature_dim(self) -> int:
        return self.backbone.feature_dim

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, F, H, W, C) uint8 images or (B, H, W) float32 audio -> (B, D)."""
        return self.forward_normalized(self.preprocess.normalize(inputs))

    def forward_normalized(self, images: Tensor) -> Tensor:
        """(B*F, C, H, W) floats, normalised at any size -> (B, D)."""
        stem = self.backbone.stem(self.preprocess.resize(images))
        return self.forward_from(stem, 0)

    def forward_frame_by_frame(self, inputs: Tensor) -> Tensor:
        """As `forward`, of one segment: each frame alone up to the first temporal pool.

        What the early stages make of one frame stays in a processor's cache, of eight it does not.
        """
        stage = min(self.spec.temporal_pool_after, default=0)
        if stage == 0 or self.spec.frames == 1:
            return self.forward(inputs)
        numbers = range(self.spec.frames)
        frames = [self._before_pool(inputs[:, n : n + 1], stage) for n in numbers]
        return self.forward_from(torch.cat(pool_frames(frames)), stage)

    def _before_pool(self, inputs: Tensor, stage: int) -> Tensor:
        """Raw inputs -> what `stage` hands to its temporal pool, the first."""
        activations = self.backbone.stem(self.preprocess(inputs))
        for number in range(1, stage + 1):
            activations = self.backbone.stage(number, activations)
        return activations

    def forward_to(self, inputs: Tensor, stage: int) -> Tensor:
        """Raw inputs -> what `stage` (0: the stem) hands on, its temporal pool included.

        `forward_from(forward_to(inputs, stage), stage)` equals `forward(inputs)`, so the outputs
        of frozen stages can be kept.
        """
        activations = self.backbone.stem(self.preprocess(inputs))
        return self._run(activations, range(1, stage + 1))

    def forward_from(self, activations: Tensor, stage: int) -> Tensor:
        """What `stage` handed on, (B*F, C, h, w) -> (B, D)."""
        activations = self._run(activations, range(stage + 1, self.num_stages + 1))
        pooled = self.backbone.head(activations).mean(dim=(2, 3))
        frames = self._frames_after(self.num_stages)
        return pooled if frames == 1 else pooled.reshape(-1, frames, pooled.shape[1]).mean(dim=1)

    def _run(self, activations: Tensor, stages: range) -> Tensor:
        for number in stages:
            activations = self.backbone.stage(number, activations)
            if number in self.spec.temporal_pool_after:
                activations = temporal_max_pool(activations, self._frames_after(number - 1))
        return activations

    def _frames_after(self, stage: int) -> int:
        """Frames that remain of a segment after `stage` and its temporal pool."""
        frames = self.spec.frames
        for pooled_stage in self.spec.temporal_pool_after:
            if pooled_stage <= stage:
                frames = pooled_length(frames)
        return frames
