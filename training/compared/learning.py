"""How every compared system learns: the same optimiser, epochs and choice of the best epoch."""

# Dimensions: V videos, N rows of a batch.

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from training.data.array_store import iterate_batches
from training.run.random_state import seed_stage


@dataclass(frozen=True, slots=True)
class Learning:
    """Settings that all systems share."""

    epochs: int = 20
    batch_videos: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    largest_gradient: float = 5.0
    dropout: float = 0.5
    """Of the features."""
    width: int = 256
    """Of recurrent states that read recognisers' features; as published it would cost as much a
    segment as a preview, and learn a few hundred clips by heart."""
    small_width: int = 64
    """Of those that read previews."""


DEFAULTS = Learning()

Network = TypeVar("Network", bound=nn.Module)
# Rows of a batch, the share of the training that is done, a generator -> the mean loss.
Loss = Callable[[Tensor, float, torch.Generator], Tensor]


def learn(
    network: nn.Module,
    loss: Loss,
    validate: Callable[[], float],
    *,
    videos: int,
    seed: int,
    name: str,
    settings: Learning = DEFAULTS,
) -> None:
    """Train `network` in place; it ends with the weights of the epoch of least `validate()`.

    AdamW under a cosine. `validate` runs without gradients, in eval mode.

    Raises:
        FloatingPointError: the loss is no longer finite.
    """
    generator = seed_stage(seed, name)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    least, best = float("inf"), copy.deepcopy(network.state_dict())
    for epoch in range(settings.epochs):
        network.train()
        for rows in iterate_batches(videos, settings.batch_videos, generator=generator):
            optimizer.zero_grad()
            value = loss(rows, epoch / settings.epochs, generator)
            if not value.isfinite():
                raise FloatingPointError(f"{name}: the loss is {value.item()} in epoch {epoch}")
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), settings.largest_gradient)
            optimizer.step()
        schedule.step()
        network.eval()
        with torch.no_grad():
            now = validate()
        if now < least:
            least, best = now, copy.deepcopy(network.state_dict())
    network.load_state_dict(best)
    network.eval()


def new_network(make: Callable[[], Network], seed: int, name: str) -> Network:
    """A network whose first weights depend on the seed and the name alone."""
    seed_stage(seed, f"{name} weights")
    return make()
