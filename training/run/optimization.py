"""From a loss to the next weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from training.configuration.recipe import Optimizer as OptimizerName
from training.configuration.recipe import UnimodalConfig
from training.run.run_log import Where

MOMENTUM = 0.9


class Stepper:
    """An optimiser with its schedule, gradient clipping and loss scaling; all part of a state."""

    def __init__(
        self,
        optimizer: Optimizer,
        scaler: torch.amp.GradScaler,
        *,
        schedule: LRScheduler | None = None,
        clip_gradient: float | None = None,
    ) -> None:
        """`schedule` is advanced after every step."""
        self.optimizer = optimizer
        self.scaler = scaler
        self.schedule = schedule
        self.clip_gradient = clip_gradient

    @property
    def learning_rate(self) -> float:
        """Of the first group of parameters."""
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    def set_learning_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, loss: Tensor, where: Where) -> None:
        """Raises FloatingPointError, before the weights are touched, unless the loss is finite."""
        require_finite(loss, where)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.clip_gradient is not None:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self._parameters(), self.clip_gradient)
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        # A smaller scale means that float16's gradients overflowed and no step was taken.
        if self.schedule and self.scaler.get_scale() >= scale:
            self.schedule.step()

    def _parameters(self) -> Iterable[Tensor]:
        return (p for group in self.optimizer.param_groups for p in group["params"])

    def state_dict(self) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else {},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        if self.schedule:
            self.schedule.load_state_dict(state["schedule"])


def make_optimizer(
    name: OptimizerName, groups: Iterable[dict[str, Any]], *, weight_decay: float
) -> Optimizer:
    """`groups` have "params" and "lr"."""
    if name == "sgd":
        return torch.optim.SGD(list(groups), momentum=MOMENTUM, weight_decay=weight_decay)
    return torch.optim.AdamW(list(groups), weight_decay=weight_decay)


def unimodal_schedule(optimizer: Optimizer, config: UnimodalConfig, *, steps: int) -> LRScheduler:
    """The config's schedule, for `steps` steps an epoch."""
    if config.schedule == "one_cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        total = config.epochs * steps
        return OneCycleLR(optimizer, max_lr=peaks, total_steps=total, pct_start=0.1)
    ends = config.step_epochs if config.schedule == "steps" else ()
    return LambdaLR(optimizer, lambda step: 0.1 ** sum(step // steps >= end for end in ends))


def require_finite(loss: Tensor, where: Where) -> None:
    """Raises FloatingPointError naming the stage, the epoch and the step."""
    if not loss.isfinite():
        raise FloatingPointError(f"the loss is {loss.item()} in {where}; lower the learning rate")
