"""Random numbers that a resumed stage draws as if it had never been cut."""

from __future__ import annotations

import zlib
from typing import Any

import torch


def seed_stage(seed: int, stage: str) -> torch.Generator:
    """Seed torch's own generator for `stage`, and give the stage one of its own.

    A seed of its own makes a stage independent of what was drawn before it: a resumed run skips
    the finished stages, and draws nothing in them.
    """
    mixed = seed * 2**32 + zlib.crc32(stage.encode())
    torch.manual_seed(mixed)
    return torch.Generator().manual_seed(mixed + 1)


class RandomState:
    """The state of torch's generators (dropout draws from them) and of a stage's own."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def state_dict(self) -> dict[str, Any]:
        return {
            "stage": self.generator.get_state(),
            "cpu": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.generator.set_state(state["stage"])
        torch.set_rng_state(state["cpu"])
        if state["cuda"]:
            torch.cuda.set_rng_state_all(state["cuda"])
