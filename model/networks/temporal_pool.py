"""Max-pooling over the frames of a clip, between two stages of a 2-D network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F


def pooled_length(frames: int) -> int:
    """Frames that remain: 8 -> 4 -> 2 -> 1 -> 1; an odd count keeps its last frame, 5 -> 3."""
    return (frames + 1) // 2


def temporal_max_pool(activations: Tensor, frames: int) -> Tensor:
    """(B*frames, C, H, W) -> (B*pooled_length(frames), C, H, W): kernel 3, stride 2, padding 1.

    The same values as a MaxPool3d over (C, frames, H, W).
    """
    if frames == 1:
        return activations
    if len(activations) == frames:
        return _of_one_clip(activations)
    return _by_rows(activations, frames) if frames % 2 else _by_slices(activations, frames)


def pool_frames(frames: Sequence[Tensor]) -> list[Tensor]:
    """As `temporal_max_pool`, of one clip whose frames are tensors of their own."""
    windows = [frames[max(0, even - 1) : even + 2] for even in range(0, len(frames), 2)]
    return [reduce(torch.maximum, window) for window in windows]


def _of_one_clip(activations: Tensor) -> Tensor:
    """Each even frame with its neighbours, by views of single frames: nothing is moved at all."""
    return torch.cat(pool_frames(torch.split(activations, 1)))


def _by_slices(activations: Tensor, frames: int) -> Tensor:
    """Each even frame with both of its neighbours, of an even number of frames.

    Slices of the batch leave the pixels where they are, in whatever layout the convolutions like:
    any operation on the frames as an axis of their own has a runtime rearrange them.
    """
    even, odd = activations[0::2], activations[1::2]
    pooled = torch.maximum(even, odd)
    if frames == 2:
        return pooled
    begins = torch.arange(len(even), device=even.device) % (frames // 2) == 0
    before = torch.where(begins.reshape(-1, 1, 1, 1), even, torch.cat([odd[:1], odd[:-1]]))
    return torch.maximum(pooled, before)


def _by_rows(activations: Tensor, frames: int) -> Tensor:
    """A frame's C*H*W numbers become the columns of a picture with one row a frame."""
    rows = activations.reshape(-1, 1, frames, activations[0].numel())
    pooled = F.max_pool2d(rows, kernel_size=(3, 1), stride=(2, 1), padding=(1, 0))
    return pooled.reshape(-1, *activations.shape[1:])
