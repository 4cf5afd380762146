"""LiteEval's rule (arXiv:1912.01601): a causal gate asks for fine features of a segment, or not."""

# Dimensions: V videos, N of a batch, S segments, D features, C coarse and F fine width, K classes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.cost import count_layers
from training.compared.gates import SHARES, Draws, gate_dials, gate_loss, opened, read_dial
from training.compared.learning import DEFAULTS, learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace


class Seen(NamedTuple):
    logits: Tensor  # (N, K) of the last fine state
    used: Tensor  # (N, S) 0 or 1


class CoarseToFine(nn.Module):
    """Two LSTMs over the segments in order. The coarse one reads every preview; the fine one reads
    fine features where the gate opens, and otherwise takes over the coarse state as the first
    part of its own, the rest staying as it is."""

    def __init__(self, previews: int, fine: int, num_classes: int) -> None:
        super().__init__()
        coarse_width, fine_width = DEFAULTS.small_width, DEFAULTS.width
        self.dropout = nn.Dropout(DEFAULTS.dropout)
        self.coarse_map = nn.Linear(previews, coarse_width)
        self.fine_map = nn.Linear(fine, fine_width)
        self.coarse_cell = nn.LSTMCell(coarse_width, coarse_width)
        self.fine_cell = nn.LSTMCell(fine_width + coarse_width, fine_width)
        self.gate = nn.Linear(coarse_width + 2 * fine_width, 1)
        self.classifier = nn.Linear(fine_width, num_classes)

    def forward(
        self, previews: Tensor, fine: Tensor, *, threshold: float = 0.5, draws: Draws | None = None
    ) -> Seen:
        """(N, S, D) each. With `draws` gates are drawn and have a gradient; else they open from
        the probability `threshold`, and never close at 0."""
        empty = previews.new_zeros(len(previews), self.fine_cell.hidden_size)
        fine_state, coarse_state = (empty, empty), None
        used = []
        for now, detail in zip(previews.unbind(1), fine.unbind(1), strict=True):
            coarse, coarse_state = self.look(now, coarse_state)
            logit = self.gate(torch.cat([coarse, *fine_state], dim=1))[:, 0]
            opens = opened(logit, threshold, draws)
            taken = self.read(detail, coarse, fine_state)
            skipped = [_synchronised(f, c) for f, c in zip(fine_state, coarse_state, strict=True)]
            share = opens[:, None]
            fine_state = (
                share * taken[0] + (1 - share) * skipped[0],
                share * taken[1] + (1 - share) * skipped[1],
            )
            used.append(opens)
        return Seen(self.classifier(self.dropout(fine_state[0])), torch.stack(used, dim=1))

    def look(
        self, preview: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One segment's preview (N, D) -> its map (N, C), and the coarse state."""
        coarse = F.relu(self.coarse_map(self.dropout(preview)))
        return coarse, self.coarse_cell(coarse, state)

    def read(
        self, fine: Tensor, coarse: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """One segment's fine features (N, D) -> the fine state."""
        mapped = F.relu(self.fine_map(self.dropout(fine)))
        after: tuple[Tensor, Tensor] = self.fine_cell(torch.cat([mapped, coarse], dim=1), state)
        return after


def _synchronised(fine: Tensor, coarse: Tensor) -> Tensor:
    return torch.cat([coarse, fine[:, coarse.shape[1] :]], dim=1)


@dataclass(frozen=True, slots=True)
class CoarseToFineSystem:
    """A network for each share of segments that it was trained to use."""

    networks: Mapping[float, CoarseToFine]

    @property
    def dials(self) -> Sequence[str]:
        return gate_dials()

    @property
    def head_macs(self) -> Mapping[str, int]:
        """The fine cell only where it runs: the authors' script charges it at every frame."""
        one = next(iter(self.networks.values()))
        preview = torch.zeros(1, one.coarse_map.in_features)
        fine = torch.zeros(1, one.fine_map.in_features)
        coarse = torch.zeros(1, one.coarse_cell.hidden_size)
        state = (torch.zeros(1, one.fine_cell.hidden_size),) * 2
        gate = torch.cat([coarse, *state], dim=1)
        last = state[0]

        def every_segment() -> None:
            one.look(preview, None)
            one.gate(gate)

        return {
            "every segment": count_layers(one, every_segment).total,
            "used segment": count_layers(one, lambda: one.read(fine, coarse, state)).total,
            "answer": count_layers(one, lambda: one.classifier(last)).total,
        }

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        share, threshold = read_dial(dial)
        seen = self.networks[share](clips.all_previews(), clips.all_fine(), threshold=threshold)
        used = seen.used > 0.5
        steps = {
            "every segment": torch.full((len(clips),), clips.segments),
            "used segment": used.sum(dim=1),
            "answer": torch.ones(len(clips), dtype=torch.long),
        }
        computed = used.unsqueeze(-1) & clips.available
        return Trace(seen.logits, clips.available.clone(), computed, steps)


def fit_coarse_to_fine(shared: Shared, seed: int) -> CoarseToFineSystem:
    """One training for each share; all modalities of the run are coarse and fine together."""
    return CoarseToFineSystem({share: _fit(shared, seed, share) for share in SHARES})


def _fit(shared: Shared, seed: int, share: float) -> CoarseToFine:
    train, val = shared.train, shared.val
    previews, fine = train.all_previews(), train.all_fine()
    name = f"coarse to fine {share}"
    network = new_network(
        lambda: CoarseToFine(previews.shape[-1], fine.shape[-1], shared.num_classes), seed, name
    )

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        seen = network(previews[rows], fine[rows], draws=(done, generator))
        return gate_loss(seen.logits, train.targets[rows], seen.used, share, done)

    def validate() -> float:
        seen: Seen = network(val.all_previews(), val.all_fine())
        return val.loss(seen.logits) + max(0.0, seen.used.mean().item() - share)

    learn(network, loss, validate, videos=len(train), seed=seed, name=name)
    return network
