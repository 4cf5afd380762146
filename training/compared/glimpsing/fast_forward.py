"""FastForward's rule (IJCAI 2018): jumps forward and back, and a stop."""

# Dimensions: V videos, N of a batch, S segments, T looks, J jumps.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.compared.glimpsing.glimpser import (
    RANDOM_LOOKS,
    Agent,
    Walk,
    all_answers,
    at,
    fraction,
    random_places,
    reinforce,
    walked,
)
from training.compared.learning import learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace, nothing
from training.data.targets import is_correct, recognition_loss

# Segments; the paper's reach to 16 s.
JUMPS = (-2, -1, 1, 2, 4, 8)
# What a look costs of the reward, 1 for a right answer. The paper's formula is not public.
PRICES = (0.02, 0.05, 0.15)


@dataclass(frozen=True, slots=True)
class FastForward:
    """An agent for each price of a look."""

    agents: Mapping[float, Agent]

    @property
    def dials(self) -> Sequence[str]:
        return [f"price {price}" for price in self.agents]

    @property
    def head_macs(self) -> Mapping[str, int]:
        return {"look": next(iter(self.agents.values())).step_macs(0)}

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        walk = jump(self.agents[float(dial.split()[1])], clips.all_fine())
        return Trace(walk.final(), nothing(clips), walk.computed(clips), {"look": walk.lengths})


def jump(
    agent: Agent,
    fine: Tensor,
    *,
    generator: torch.Generator | None = None,
    at_random: bool = False,
) -> Walk:
    """(N, S, D), at most S looks from the first segment on. Without a `generator` the likeliest
    jump is taken, and it stops where stopping is likelier than not."""
    videos, segments = fine.shape[:2]
    place, state = torch.zeros(videos, dtype=torch.long), agent.start(videos)
    lengths = torch.full((videos,), segments)
    offsets = torch.tensor(JUMPS)
    logits, places, chances, expected = [], [], [], []
    for number in range(1, segments + 1):
        state = agent.look(at(fine, place), fraction(place, segments), state)
        places.append(place)
        logits.append(agent.classify(state))
        expected.append(agent.expected(state))
        outputs = agent.policy(state[0])
        stop, leap = outputs[:, 0].sigmoid(), outputs[:, 1:].softmax(dim=1)
        if generator is None:
            stops, chosen = stop > 0.5, leap.argmax(dim=1)
        else:
            stops = torch.rand(videos, generator=generator) < stop
            chosen = torch.multinomial(leap.detach(), 1, generator=generator)[:, 0]
        taken = leap.gather(1, chosen[:, None])[:, 0]
        sure = torch.where(stops, stop, (1 - stop) * taken)
        chances.append(sure.clamp_min(1e-6).log())
        if not at_random:
            lengths = torch.where(stops & (lengths > number), number, lengths)
        place = (place + offsets[chosen]).clamp(0, segments - 1)
        if at_random and generator is not None:
            place = random_places(videos, segments, generator)
    return walked(logits, places, chances, expected, lengths)


def fit_fast_forward(shared: Shared, seed: int) -> FastForward:
    """One training for each price."""
    return FastForward({price: _fit(shared, seed, price) for price in PRICES})


def _fit(shared: Shared, seed: int, price: float) -> Agent:
    train, val = shared.train, shared.val
    fine, seen = train.all_fine(), val.all_fine()
    name = f"fast forward {price}"
    choices = 1 + len(JUMPS)
    agent = new_network(
        lambda: Agent(fine.shape[-1], shared.num_classes, choices=choices), seed, name
    )

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        at_random = done < RANDOM_LOOKS
        walk = jump(agent, fine[rows], generator=generator, at_random=at_random)
        targets = train.targets[rows]
        if at_random:
            return all_answers(walk, targets)
        answers = recognition_loss(walk.final(), targets).mean()
        right = is_correct(walk.final(), targets).float()
        done_looks = torch.arange(1, walk.logits.shape[1] + 1)
        returns = right[:, None] - price * (walk.lengths[:, None] - done_looks).clamp_min(0)
        decides = walk.counts()
        decides[:, -1] = 0  # after the last look nothing is decided
        return answers + reinforce(walk, returns, decides)

    def validate() -> float:
        walk = jump(agent, seen)
        return val.loss(walk.final()) + price * walk.lengths.float().mean().item()

    learn(agent, loss, validate, videos=len(train), seed=seed, name=name)
    return agent
