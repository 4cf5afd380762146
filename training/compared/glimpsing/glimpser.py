"""What FrameGlimpse, FastForward and AdaFrame share: one recurrent agent that visits segments."""

# Dimensions: N of a batch, S segments, T looks, D features, W width, K classes.

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.cost import count_layers
from training.compared.learning import DEFAULTS
from training.compared.shared import Clips
from training.compared.trace import marked

State = tuple[Tensor, Tensor]
# Share of the training in which looks are at random and only answers are learned: without it
# REINFORCE begins with rewards that are noise.
RANDOM_LOOKS = 1 / 3


class Agent(nn.Module):
    """An LSTM over what was looked at; from its state a class, a policy and a baseline.

    `choices`: outputs of the policy. `context`: width of what is read beside the segment.
    """

    def __init__(self, features: int, num_classes: int, *, choices: int, context: int = 0) -> None:
        super().__init__()
        width = DEFAULTS.width
        self.dropout = nn.Dropout(DEFAULTS.dropout)
        self.map = nn.Linear(features, width // 2)
        self.cell = nn.LSTMCell(width // 2 + 1 + context, width)
        self.classifier = nn.Linear(width, num_classes)
        self.policy = nn.Linear(width, choices)
        self.baseline = nn.Linear(width, 1)

    @property
    def width(self) -> int:
        return self.cell.hidden_size

    def start(self, videos: int) -> State:
        zero = torch.zeros(videos, self.width)
        return zero, zero

    def look(
        self, features: Tensor, place: Tensor, state: State, context: Tensor | None = None
    ) -> State:
        """(N, D) of the segment looked at and where that is, (N,) in 0..1 -> the next state."""
        parts = [F.relu(self.map(self.dropout(features))), place[:, None]]
        if context is not None:
            parts.append(context)
        after: State = self.cell(torch.cat(parts, dim=1), state)
        return after

    def classify(self, state: State) -> Tensor:
        """(N, K)."""
        logits: Tensor = self.classifier(self.dropout(state[0]))
        return logits

    def expected(self, state: State) -> Tensor:
        """(N,): the reward to come. The state is not taught by it."""
        value: Tensor = self.baseline(state[0].detach())[:, 0]
        return value

    def step_macs(self, context: int) -> int:
        """Of one look with its policy and baseline, and an answer."""
        features, place = torch.zeros(1, self.map.in_features), torch.zeros(1)

        def step() -> None:
            beside = torch.zeros(1, context) if context else None
            state = self.look(features, place, self.start(1), beside)
            self.policy(state[0])
            self.baseline(state[0])
            self.classifier(state[0])

        return count_layers(self, step).total


class Walk(NamedTuple):
    """T looks of every video, of which only the first `lengths` count."""

    logits: Tensor  # (N, T, K) the answer after each look
    places: Tensor  # (N, T) indices of segments
    log_probabilities: Tensor  # (N, T) of the decision taken after each look
    expected: Tensor  # (N, T) by the baseline
    lengths: Tensor  # (N,) looks until the stop

    def final(self) -> Tensor:
        """(N, K): the answer at the stop."""
        last = (self.lengths - 1)[:, None, None].expand(-1, 1, self.logits.shape[2])
        return self.logits.gather(1, last)[:, 0]

    def counts(self) -> Tensor:
        """(N, T) 1 for looks until the stop."""
        return (torch.arange(self.logits.shape[1]) < self.lengths[:, None]).float()

    def computed(self, clips: Clips) -> Tensor:
        """(N, S, M) bool: distinct segments; what is visited again is not computed again."""
        first = torch.where(self.counts() > 0, self.places, self.places[:, :1])
        return marked(first, clips.segments).unsqueeze(-1) & clips.available


def walked(
    logits: list[Tensor],
    places: list[Tensor],
    log_probabilities: list[Tensor],
    expected: list[Tensor],
    lengths: Tensor,
) -> Walk:
    """From T results of N videos each."""
    return Walk(
        torch.stack(logits, dim=1),
        torch.stack(places, dim=1),
        torch.stack(log_probabilities, dim=1),
        torch.stack(expected, dim=1),
        lengths,
    )


def at(features: Tensor, places: Tensor) -> Tensor:
    """(N, S, D) and (N,) indices -> (N, D)."""
    index = places[:, None, None].expand(-1, 1, features.shape[2])
    return features.gather(1, index)[:, 0]


def fraction(places: Tensor, segments: int) -> Tensor:
    """Indices of segments -> 0..1 along the video."""
    return places.float() / max(1, segments - 1)


def nearest(fractions: Tensor, segments: int) -> Tensor:
    """0..1 along the video -> index of the nearest segment; what lies outside is cut off."""
    return (fractions * (segments - 1)).round().long().clamp(0, segments - 1)


def random_places(videos: int, segments: int, generator: torch.Generator) -> Tensor:
    return torch.randint(0, segments, (videos,), generator=generator)


def gaussian_walk(
    agent: Agent,
    fine: Tensor,
    *,
    looks: int,
    deviation: float,
    recall: Callable[[Tensor], Tensor] | None = None,
    generator: torch.Generator | None = None,
    at_random: bool = False,
) -> Walk:
    """(N, S, D): from the first segment on, each next place around a real number from the state.

    `recall`: what is read beside a segment, (N, context) by the (N, W) state. Without a
    `generator` the next place is the mean of what would be drawn.
    """
    videos, segments = fine.shape[:2]
    place, state = torch.zeros(videos, dtype=torch.long), agent.start(videos)
    logits, places, chances, expected = [], [], [], []
    for _ in range(looks):
        context = recall(state[0]) if recall is not None else None
        state = agent.look(at(fine, place), fraction(place, segments), state, context)
        places.append(place)
        logits.append(agent.classify(state))
        expected.append(agent.expected(state))
        mean = torch.sigmoid(agent.policy(state[0])[:, 0])
        there = mean.detach()
        if generator is not None:
            there = there + deviation * torch.randn(videos, generator=generator)
        # The logarithm of the density, but for a constant.
        chances.append(-((there - mean) ** 2) / (2 * deviation**2))
        place = nearest(there, segments)
        if at_random and generator is not None:
            place = random_places(videos, segments, generator)
    lengths = torch.full((videos,), looks)
    return walked(logits, places, chances, expected, lengths)


def all_answers(walk: Walk, targets: Tensor) -> Tensor:
    """Cross entropy after each look: any may turn out to be the last."""
    looks, classes = walk.logits.shape[1:]
    repeated = targets[:, None].expand(-1, looks).reshape(-1)
    return F.cross_entropy(walk.logits.reshape(-1, classes), repeated)


def reinforce(walk: Walk, returns: Tensor, decides: Tensor) -> Tensor:
    """The loss of policy and baseline; `returns` (N, T) after each look, `decides` (N, T) 1 where
    a decision was taken. The baseline is subtracted, which FrameGlimpse's release does not."""
    advantage = (returns - walk.expected.detach()) * decides
    policy = -(walk.log_probabilities * advantage).sum(dim=1).mean()
    baseline = (((walk.expected - returns) ** 2) * decides).sum(dim=1).mean()
    return policy + 0.5 * baseline
