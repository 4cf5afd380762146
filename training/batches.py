"""Index batches: all of a set once, in order or shuffled."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def iterate_batches(
    count: int, size: int, *, generator: torch.Generator | None = None
) -> Sequence[Tensor]:
    """Indices 0..count-1 in batches of at most `size`; a generator shuffles them."""
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    return torch.split(order, size)
