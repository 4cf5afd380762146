"""Random numbers that a resumed stage draws as if it had never been cut."""

from __future__ import annotations

import zlib
from typing import Any

import torch

from training.run.distributed import Ranks

# About 2**32 divided by the golden ratio: seeds that follow each other lie far apart.
_ODD = 0x9E3779B1


def seed_stage(seed: int, stage: str) -> torch.Generator:
    """Seed torch's own generator for `stage`, and give the stage one of its own.

    A seed of its own makes a stage independent of what was drawn before it: a resumed run skips
    the finished stages, and draws nothing in them.
    """
    mixed = mixed_seed(seed, stage)
    torch.manual_seed(mixed)
    return torch.Generator().manual_seed(mixed + 1)


def seed_rank(seed: int, stage: str, ranks: Ranks) -> None:
    """Let dropout draw differently in every process; the main one draws as if it were alone."""
    torch.manual_seed(mixed_seed(seed, f"{stage} {ranks.rank}"))


def mixed_seed(seed: int, name: str) -> int:
    """Of 32 bits: torch's generator on the CPU looks at no more of a seed."""
    return (zlib.crc32(name.encode()) + seed * _ODD) % 2**32


class RandomState:
    """The state of torch's generators (dropout draws from them) and of a stage's own."""

    def __init__(self, generator: torch.Generator, ranks: Ranks) -> None:
        self.generator = generator
        self.ranks = ranks

    def state_dict(self) -> dict[str, Any]:
        """Of all ranks: the stage's generator is the same everywhere, torch's own are not."""
        own = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            own["cuda"] = torch.cuda.get_rng_state()
        return {"stage": self.generator.get_state(), "ranks": self.ranks.gather(own)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.generator.set_state(state["stage"])
        own = state["ranks"][self.ranks.rank]
        torch.set_rng_state(own["cpu"])
        if "cuda" in own:
            torch.cuda.set_rng_state(own["cuda"])
