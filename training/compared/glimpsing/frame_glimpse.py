"""FrameGlimpse's rule (arXiv:1511.06984): N looks, the next place a draw around a real number."""

# Dimensions: V videos, N of a batch, S segments, T looks.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.compared.glimpsing.glimpser import RANDOM_LOOKS, Agent, Walk, gaussian_walk, reinforce
from training.compared.learning import learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace, nothing
from training.data.targets import is_correct, recognition_loss

DEVIATION = 0.08
NAME = "frame glimpse"


@dataclass(frozen=True, slots=True)
class FrameGlimpse:
    """In the manner of a detector: how it was made to classify was never published."""

    agent: Agent
    segments: int

    @property
    def dials(self) -> Sequence[str]:
        return [f"{number} looks" for number in range(1, self.segments + 1)]

    @property
    def head_macs(self) -> Mapping[str, int]:
        return {"look": self.agent.step_macs(0)}

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        walk = _glimpse(self.agent, clips.all_fine(), int(dial.split()[0]))
        computed = walk.computed(clips)
        return Trace(walk.final(), nothing(clips), computed, {"look": walk.lengths})


def fit_frame_glimpse(shared: Shared, seed: int) -> FrameGlimpse:
    """One training for all N: each batch draws its own. Reward: 1 for a right answer."""
    train, val = shared.train, shared.val
    fine, seen = train.all_fine(), val.all_fine()
    agent = new_network(lambda: Agent(fine.shape[-1], shared.num_classes, choices=1), seed, NAME)

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        looks = int(torch.randint(1, train.segments + 1, (1,), generator=generator))
        at_random = done < RANDOM_LOOKS
        walk = _glimpse(agent, fine[rows], looks, generator, at_random=at_random)
        targets = train.targets[rows]
        answers = recognition_loss(walk.final(), targets).mean()
        if at_random or looks == 1:
            return answers
        reward = is_correct(walk.final(), targets).float()[:, None].expand(-1, looks)
        decides = torch.ones(len(rows), looks)
        decides[:, -1] = 0  # after the last look nothing is decided
        return answers + reinforce(walk, reward, decides)

    def validate() -> float:
        losses = [
            val.loss(_glimpse(agent, seen, looks).final()) for looks in range(1, val.segments + 1)
        ]
        return sum(losses) / len(losses)

    learn(agent, loss, validate, videos=len(train), seed=seed, name=NAME)
    return FrameGlimpse(agent, val.segments)


def _glimpse(
    agent: Agent,
    fine: Tensor,
    looks: int,
    generator: torch.Generator | None = None,
    *,
    at_random: bool = False,
) -> Walk:
    return gaussian_walk(
        agent, fine, looks=looks, deviation=DEVIATION, generator=generator, at_random=at_random
    )
