"""Inputs of many videos, of which a batch at a time is in memory."""

# Dimensions: V videos (or views of them), S segments, B videos of a batch.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

T = TypeVar("T")
K = TypeVar("K")


class ArrayStore(Protocol):
    """V videos' inputs, each (S, ...)."""

    def __len__(self) -> int: ...

    def take(self, rows: Tensor) -> Tensor:
        """(B,) indices -> (B, S, ...)."""
        ...

    def only(self, rows: Tensor) -> ArrayStore:
        """(V,) bool -> those videos alone."""
        ...

    def for_epoch(self, epoch: int) -> ArrayStore:
        """The rows as `epoch` sees them, where they are drawn anew."""
        ...


@dataclass(frozen=True, slots=True)
class InMemoryArrays:
    """Rows of a tensor, (V, S, ...)."""

    tensor: Tensor

    def __len__(self) -> int:
        return len(self.tensor)

    def take(self, rows: Tensor) -> Tensor:
        return self.tensor[rows]

    def only(self, rows: Tensor) -> InMemoryArrays:
        return InMemoryArrays(self.tensor[rows])

    def for_epoch(self, epoch: int) -> InMemoryArrays:
        return self


@dataclass(frozen=True, slots=True)
class OnDiskArrays:
    """Rows that are read when they are taken: `read` of each item gives (S, ...)."""

    items: Sequence[Callable[[], NDArray[np.generic]]]

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: Tensor) -> Tensor:
        return torch.from_numpy(np.stack([self.items[row]() for row in rows.tolist()]))

    def only(self, rows: Tensor) -> OnDiskArrays:
        return OnDiskArrays([self.items[row] for row in rows.nonzero()[:, 0].tolist()])

    def for_epoch(self, epoch: int) -> OnDiskArrays:
        return self


def read_ahead(keys: Iterable[K], read: Callable[[K], T]) -> Iterator[tuple[K, T]]:
    """Each key with what `read` makes of it; the next is read while the caller uses this one."""
    with ThreadPoolExecutor(1) as pool:
        pending = None
        for key in keys:
            following = (key, pool.submit(read, key))
            if pending:
                yield pending[0], pending[1].result()
            pending = following
        if pending:
            yield pending[0], pending[1].result()


def iterate_batches(
    count: int, size: int, *, generator: torch.Generator | None = None
) -> Sequence[Tensor]:
    """Indices 0..count-1 in batches of at most `size`; a generator shuffles them."""
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    return torch.split(order, size)
