"""HCMS's rule (arXiv:2104.09760): modalities as levels, the cheapest first, gates in between."""

# Dimensions: V videos, N of a batch, S segments, M modalities, D features, W width, K classes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.cost import count_layers
from model.spec.model_spec import Modality
from training.compared.gates import SHARES, Draws, gate_dials, gate_loss, opened, read_dial
from training.compared.learning import DEFAULTS, learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace, nothing

State = tuple[Tensor, Tensor]


class Level(nn.Module):
    """One modality's LSTM, which also reads the state of the level below; its gate is asked with
    that state and its own."""

    def __init__(self, features: int, below: int) -> None:
        super().__init__()
        width = DEFAULTS.small_width * 2
        self.dropout = nn.Dropout(DEFAULTS.dropout)
        self.map = nn.Linear(features, width)
        self.cell = nn.LSTMCell(width + below, width)
        self.gate = nn.Linear(below + 2 * width, 1)

    @property
    def width(self) -> int:
        return self.cell.hidden_size

    def ask(self, below: Tensor, state: State) -> Tensor:
        """(N,) difference of logits; positive: compute."""
        logit: Tensor = self.gate(torch.cat([below, *state], dim=1))[:, 0]
        return logit

    def read(self, features: Tensor, below: Tensor, state: State) -> State:
        """(N, D) features of a segment -> the state after it."""
        mapped = F.relu(self.map(self.dropout(features)))
        after: State = self.cell(torch.cat([mapped, below], dim=1), state)
        return after

    def read_macs(self, below: int) -> int:
        features, beneath = torch.zeros(1, self.map.in_features), torch.zeros(1, below)
        return count_layers(self, lambda: self.read(features, beneath, self._blank())).total

    def ask_macs(self, below: int) -> int:
        return count_layers(self, lambda: self.ask(torch.zeros(1, below), self._blank())).total

    def _blank(self) -> State:
        zero = torch.zeros(1, self.width)
        return zero, zero


class Seen(NamedTuple):
    logits: Tensor  # (N, K)
    used: Tensor  # (N, S, M) 0 or 1, in the order of levels
    asked: Tensor  # (N, S, M) 0 or 1: the gate had to be asked


class Levels(nn.Module):
    """The first level sees every segment; the gate of a level is asked only where the level below
    was on, and what is off keeps its state."""

    def __init__(self, features: Sequence[int], num_classes: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList()
        below = 0
        for width in features:
            level = Level(width, below)
            self.levels.append(level)
            below = level.width
        self.classifier = nn.Linear(below * len(features), num_classes)

    def level(self, number: int) -> Level:
        return cast(Level, self.levels[number])

    def forward(
        self,
        fine: Sequence[Tensor],
        available: Tensor,
        *,
        threshold: float = 0.5,
        draws: Draws | None = None,
    ) -> Seen:
        """A (N, S, D) for each level and (N, S, M) bool in their order."""
        videos, segments = available.shape[:2]
        zeros = [fine[0].new_zeros(videos, self.level(n).width) for n in range(len(fine))]
        states: list[State] = [(zero, zero) for zero in zeros]
        used, asked = [], []
        for segment in range(segments):
            on, below = fine[0].new_ones(videos), fine[0].new_zeros(videos, 0)
            taken, questions = [], []
            for number, features in enumerate(fine):
                level, state = self.level(number), states[number]
                questions.append(on if number else torch.zeros_like(on))
                if number:
                    on = on * opened(level.ask(below, state), threshold, draws)
                # A missing level is not computed, and hides no level above it.
                now = on * available[:, segment, number].float()
                after = level.read(features[:, segment], below, state)
                states[number] = tuple(  # type: ignore[assignment]
                    now[:, None] * a + (1 - now[:, None]) * b
                    for a, b in zip(after, state, strict=True)
                )
                below = states[number][0]
                taken.append(now)
            used.append(torch.stack(taken, dim=1))
            asked.append(torch.stack(questions, dim=1))
        logits = self.classifier(torch.cat([hidden for hidden, _ in states], dim=1))
        return Seen(logits, torch.stack(used, dim=1), torch.stack(asked, dim=1))


@dataclass(frozen=True, slots=True)
class LevelsSystem:
    """A network for each share of segments that its gated levels were trained to use."""

    order: tuple[Modality, ...]
    columns: tuple[int, ...]  # of the order's modalities in the run's
    networks: Mapping[float, Levels]

    @property
    def dials(self) -> Sequence[str]:
        return gate_dials()

    @property
    def head_macs(self) -> Mapping[str, int]:
        one = next(iter(self.networks.values()))
        row = torch.zeros(1, one.classifier.in_features)
        macs = {"answer": count_layers(one, lambda: one.classifier(row)).total}
        below = 0
        for number, name in enumerate(self.order):
            level = one.level(number)
            macs[f"{name} level"] = level.read_macs(below)
            macs[f"{name} gate"] = level.ask_macs(below)
            below = level.width
        return macs

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        share, threshold = read_dial(dial)
        fine = [clips.fine[name] for name in self.order]
        available = clips.available[..., list(self.columns)]
        seen = self.networks[share](fine, available, threshold=threshold)
        computed = nothing(clips)
        computed[..., list(self.columns)] = seen.used > 0.5
        steps = {"answer": torch.ones(len(clips), dtype=torch.long)}
        for number, name in enumerate(self.order):
            steps[f"{name} level"] = (seen.used[..., number] > 0.5).sum(dim=1)
            steps[f"{name} gate"] = (seen.asked[..., number] > 0.5).sum(dim=1)
        return Trace(seen.logits, nothing(clips), computed, steps)


def fit_levels(shared: Shared, seed: int) -> LevelsSystem:
    """Levels in the order of what their recognisers cost, sound first."""
    costs = shared.costs.recognition
    order = tuple(sorted(shared.names, key=lambda name: costs[name].total))
    columns = tuple(shared.names.index(name) for name in order)
    networks = {share: _fit(shared, order, columns, seed, share) for share in SHARES}
    return LevelsSystem(order, columns, networks)


def _fit(
    shared: Shared, order: Sequence[Modality], columns: Sequence[int], seed: int, share: float
) -> Levels:
    train, val = shared.train, shared.val
    widths = [train.fine[name].shape[-1] for name in order]
    name = f"levels {share}"
    network = new_network(lambda: Levels(widths, shared.num_classes), seed, name)

    def seen(clips: Clips, draws: Draws | None = None) -> Seen:
        fine = [clips.fine[name] for name in order]
        result: Seen = network(fine, clips.available[..., list(columns)], draws=draws)
        return result

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        some = train.select(rows)
        result = seen(some, (done, generator))
        return gate_loss(result.logits, some.targets, result.used[..., 1:], share, done)

    def validate() -> float:
        result = seen(val)
        return val.loss(result.logits) + max(0.0, result.used[..., 1:].mean().item() - share)

    learn(network, loss, validate, videos=len(train), seed=seed, name=name)
    return network
