"""Max-pooling over the frames of a clip, between two stages of a 2-D network."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def pooled_length(frames: int) -> int:
    """Frames that remain: 8 -> 4 -> 2 -> 1 -> 1; an odd count keeps its last frame, 5 -> 3."""
    return (frames + 1) // 2


def temporal_max_pool(activations: Tensor, frames: int) -> Tensor:
    """(B*frames, C, H, W) -> (B*pooled_length(frames), C, H, W): kernel 3, stride 2, padding 1.

    The same values as a MaxPool3d over (C, frames, H, W), without moving the frame axis: a frame's
    C*H*W numbers become the columns of a picture with one row a frame.
    """
    rows = activations.reshape(-1, 1, frames, activations[0].numel())
    pooled = F.max_pool2d(rows, kernel_size=(3, 1), stride=(2, 1), padding=(1, 0))
    return pooled.reshape(-1, *activations.shape[1:])
