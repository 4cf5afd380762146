"""ListenToLook's two systems: with recognisers at the moments looked at, and by previews alone."""

# Dimensions: V videos, N of a batch, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from model.networks.cost import count_layers
from training.compared.learning import learn, new_network
from training.compared.shared import Clips, Shared
from training.compared.skimmer import Skimmer, skim
from training.compared.trace import Trace, marked, nothing
from training.data.targets import recognition_loss

# Of the preview-only system; the paper's ten are all its moments.
PREVIEW_LOOKS = 3
# Previews of every so many segments; the others are interpolated.
STRIDES = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class LookingSkimmer:
    """Hard looks at `looks` distinct segments; recognisers run on all modalities of these."""

    shared: Shared
    network: Skimmer

    @property
    def dials(self) -> Sequence[str]:
        return [f"{number} looks" for number in range(1, self.shared.val.segments + 1)]

    @property
    def head_macs(self) -> Mapping[str, int]:
        return _head_macs(self.network)

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        looks = int(dial.split()[0])
        previews, fine = list(clips.previews.values()), list(clips.fine.values())
        seen = skim(self.network, previews, fine, ~clips.available, looks=looks, hard=True)
        kept = marked(seen.moments, clips.segments)
        computed = kept.unsqueeze(-1) & clips.available
        steps = _steps(clips, clips.available, looks)
        steps["value"] = kept.sum(dim=1)
        return Trace(seen.logits, clips.available.clone(), computed, steps)


@dataclass(frozen=True, slots=True)
class PreviewSkimmer:
    """No recogniser: the previews, taught by the recognisers' answers, are classified themselves.
    Soft looks, as the release measures; the dial is the share that is previewed."""

    shared: Shared
    network: Skimmer

    @property
    def dials(self) -> Sequence[str]:
        return [f"every {one}" for one in STRIDES if one <= self.shared.val.segments]

    @property
    def head_macs(self) -> Mapping[str, int]:
        return _head_macs(self.network)

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        stride = int(dial.split()[1])
        shown = torch.zeros(clips.segments, dtype=torch.bool)
        shown[::stride] = True
        previews = [_interpolated(one, shown) for one in clips.previews.values()]
        looks = min(PREVIEW_LOOKS, clips.segments)
        # What lies between two previews is guessed from these, whatever is there.
        missing = ~clips.available & shown[None, :, None]
        seen = skim(self.network, previews, previews, missing, looks=looks, hard=False)
        previewed = clips.available & shown[None, :, None]
        steps = _steps(clips, previewed, looks)
        steps["value"] = previewed.any(dim=-1).sum(dim=1)
        return Trace(seen.logits, previewed, nothing(clips), steps)


def fit_looking(shared: Shared, seed: int) -> LookingSkimmer:
    """Soft attention over the recognisers' features in training."""
    return LookingSkimmer(shared, _fit(shared, seed, by_previews=False))


def fit_previews(shared: Shared, seed: int) -> PreviewSkimmer:
    """Every segment's previews also learn the recognisers' fused answer there (distillation)."""
    return PreviewSkimmer(shared, _fit(shared, seed, by_previews=True))


def _fit(shared: Shared, seed: int, *, by_previews: bool) -> Skimmer:
    train, val = shared.train, shared.val
    sizes = [one.shape[-1] for one in train.previews.values()]
    fine = [one.shape[-1] for one in train.fine.values()]
    values = sizes if by_previews else fine
    name = f"skimmer {'previews' if by_previews else 'looks'}"
    network = new_network(lambda: Skimmer(sizes, values, shared.num_classes), seed, name)
    looks = min(PREVIEW_LOOKS, train.segments)

    def logits(clips: Clips, *, hard: bool) -> Tensor:
        shown = list(clips.previews.values())
        looked = shown if by_previews else list(clips.fine.values())
        seen = skim(network, shown, looked, ~clips.available, looks=looks, hard=hard)
        return seen.logits

    def loss(rows: Tensor, done: float, generator: torch.Generator) -> Tensor:
        del done, generator
        some = train.select(rows)
        value = recognition_loss(logits(some, hard=False), some.targets).mean()
        return value + _distillation(shared, network, some) if by_previews else value

    def validate() -> float:
        return val.loss(logits(val, hard=not by_previews))

    learn(network, loss, validate, videos=len(train), seed=seed, name=name)
    return network


def _distillation(shared: Shared, network: Skimmer, clips: Clips) -> Tensor:
    """How far the answer from one segment's previews is from the recognisers' there: KL."""
    with torch.no_grad():
        taught = shared.model.fuse(clips.logits, clips.available.float()).segments
    values = [network.value(n, one) for n, one in enumerate(clips.previews.values())]
    there = clips.available.float()
    weights = there / there.sum(dim=-1, keepdim=True).clamp_min(1)
    mixed = (torch.stack(values, dim=-1) * weights[:, :, None]).sum(dim=-1)
    said = network.answer(mixed).log_softmax(dim=-1).flatten(0, 1)
    return F.kl_div(said, taught.softmax(dim=-1).flatten(0, 1), reduction="batchmean")


def _interpolated(previews: Tensor, shown: Tensor) -> Tensor:
    """(V, S, D) with the segments that are not `shown` between their neighbours, linearly."""
    known = shown.nonzero()[:, 0]
    places = torch.arange(len(shown))
    after = torch.searchsorted(known, places).clamp_max(len(known) - 1)
    before = (after - (known[after] > places).long()).clamp_min(0)
    width = (known[after] - known[before]).clamp_min(1)
    share = ((places - known[before]) / width).clamp(0, 1)[None, :, None]
    return previews[:, known[before]] * (1 - share) + previews[:, known[after]] * share


def _steps(clips: Clips, previewed: Tensor, looks: int) -> dict[str, Tensor]:
    every = torch.ones(len(clips), dtype=torch.long)
    return {"preview": previewed.any(dim=-1).sum(dim=1), "look": every * looks, "answer": every}


def _head_macs(network: Skimmer) -> dict[str, int]:
    """By part, counted on the layers; products of queries and keys have none."""
    row = torch.zeros(1, network.width)
    numbers = range(len(network.maps))

    def preview() -> None:
        for number in numbers:
            features = torch.zeros(1, 1, network.layer("maps", number).in_features)
            network.key(number, network.preview(number, features))

    def value() -> None:
        for number in numbers:
            network.value(number, torch.zeros(1, network.layer("values", number).in_features))

    def look() -> None:
        keys = [torch.zeros(1, 1, network.layer("keys", n).out_features) for n in numbers]
        network.ask(row, keys, torch.zeros(1, 1, len(numbers), dtype=torch.bool))
        network.cell(row, (row, row))

    def answer() -> None:
        network.initial([row[:, None] for _ in numbers])
        network.answer(row)

    parts = {"preview": preview, "value": value, "look": look, "answer": answer}
    return {name: count_layers(network, partial(run)).total for name, run in parts.items()}
