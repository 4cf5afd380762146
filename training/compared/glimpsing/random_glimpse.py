"""The control of all agents: the same network, which looks at random and learned to answer so."""

# Dimensions: V videos, N of a batch, S segments, T looks, D features.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.compared.glimpsing.glimpser import Agent, at, fraction
from training.compared.learning import learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace, marked, nothing
from training.data.targets import recognition_loss

NAME = "random glimpse"


@dataclass(frozen=True, slots=True)
class RandomGlimpse:
    """What an agent's own policy is worth is what it has beyond this one."""

    agent: Agent
    segments: int
    seed: int

    @property
    def dials(self) -> Sequence[str]:
        return [f"{number} looks" for number in range(1, self.segments + 1)]

    @property
    def head_macs(self) -> Mapping[str, int]:
        return {"look": self.agent.step_macs(0)}

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        looks, videos = int(dial.split()[0]), len(clips)
        generator = torch.Generator().manual_seed(self.seed)
        places = random_order(videos, clips.segments, generator)[:, :looks]
        logits = visit(self.agent, clips.all_fine(), places)[:, -1]
        computed = marked(places, clips.segments).unsqueeze(-1) & clips.available
        return Trace(logits, nothing(clips), computed, {"look": torch.full((videos,), looks)})


def random_order(videos: int, segments: int, generator: torch.Generator) -> Tensor:
    """(N, S): the segments of each video, no one twice."""
    return torch.rand(videos, segments, generator=generator).argsort(dim=1)


def visit(agent: Agent, fine: Tensor, places: Tensor) -> Tensor:
    """(N, S, D) and (N, T) indices of segments -> (N, T, K), the answer after each look."""
    state = agent.start(len(fine))
    answers = []
    for place in places.unbind(1):
        state = agent.look(at(fine, place), fraction(place, fine.shape[1]), state)
        answers.append(agent.classify(state))
    return torch.stack(answers, dim=1)


def fit_random_glimpse(shared: Shared, seed: int) -> RandomGlimpse:
    """Answers after every look, at segments in a new order in each epoch."""
    train, val = shared.train, shared.val
    fine, seen = train.all_fine(), val.all_fine()
    agent = new_network(lambda: Agent(fine.shape[-1], shared.num_classes, choices=1), seed, NAME)
    order = random_order(len(val), val.segments, torch.Generator().manual_seed(seed))

    def answers(some: Tensor, places: Tensor, targets: Tensor) -> Tensor:
        logits = visit(agent, some, places)
        return recognition_loss(
            logits.flatten(0, 1), targets.repeat_interleave(places.shape[1])
        ).mean()

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        del done
        places = random_order(len(rows), train.segments, generator)
        return answers(fine[rows], places, train.targets[rows])

    def validate() -> float:
        return answers(seen, order, val.targets).item()

    learn(agent, loss, validate, videos=len(train), seed=seed, name=NAME)
    return RandomGlimpse(agent, val.segments, seed)
