"""Several processes that train as one: torchrun's ranks, and what they tell one another."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")

# One process may decode a whole data set while the others wait.
PATIENCE = timedelta(days=2)


class Shard(NamedTuple):
    """A rank's share of a global batch.

    `rows` is never empty, since every rank must take part: where there is nothing left it holds
    one row, and `scale` is 0. DistributedDataParallel averages over the ranks; the sum of the
    rows' losses times `scale` then gives the mean over the global batch.
    """

    rows: Tensor
    scale: float


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those of the run; alone by default."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes checkpoints and logs."""
        return self.rank == 0

    def shard(self, rows: Tensor) -> Shard:
        """Its contiguous share of the global batch `rows`."""
        share = torch.tensor_split(rows, self.world)[self.rank]
        if not len(share):
            return Shard(rows[:1], 0.0)
        return Shard(share, self.world / len(rows))

    def wrap(self, module: nn.Module, *, partly_used: bool = False) -> nn.Module:
        """`module`, its gradients averaged over the ranks wherever they are computed.

        Parameters without `requires_grad` at this moment are left out. `partly_used`: some of the
        others may take no part in a pass.
        """
        if self.world == 1:
            return module
        return DistributedDataParallel(module, find_unused_parameters=partly_used)

    def sum(self, tensor: Tensor) -> Tensor:
        """Over all ranks, everywhere."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def gather(self, value: T) -> list[T]:
        """Every rank's value, by rank, everywhere."""
        values: list[T | None] = [None] * self.world
        if self.world == 1:
            return [value]
        dist.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def from_main(self, read: Callable[[], T]) -> T:
        """What `read` gives the main process, in every process."""
        if self.world == 1:
            return read()
        box = [read() if self.is_main else None]
        dist.broadcast_object_list(box)
        return box[0]  # type: ignore[return-value]

    def same_buffers(self, module: nn.Module) -> None:
        """Give every rank the main one's buffers, batch-norm statistics for instance."""
        if self.world > 1:
            for buffer in module.buffers():
                dist.broadcast(buffer, 0)

    def wait(self) -> None:
        """Until every rank is here."""
        if self.world > 1:
            dist.barrier()


def join_ranks(device: torch.device) -> Ranks:
    """This process's place among torchrun's, or alone.

    Tensors on a GPU travel by NCCL, others by gloo. The group is joined once and left when the
    process ends: a second one would meet the first one's messages.
    """
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return Ranks()
    if not dist.is_initialized():
        backend = "gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl"
        dist.init_process_group(backend, timeout=PATIENCE)
        atexit.register(dist.destroy_process_group)
    return Ranks(
        rank=dist.get_rank(),
        world=dist.get_world_size(),
        local_rank=int(os.environ["LOCAL_RANK"]),
        local_world=int(os.environ["LOCAL_WORLD_SIZE"]),
    )
