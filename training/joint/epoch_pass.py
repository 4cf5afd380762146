"""One pass over the training videos in which either the recognisers or the policy learn."""

# Dimensions: S segments, M modalities.

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from model.networks.adamml import AdaMML
from training.configuration.recipe import JointConfig
from training.data.array_store import iterate_batches, read_ahead
from training.features.features import Features, JointData
from training.joint.mixing import mixed_modalities
from training.joint.objective import Draws, JointObjective, Outcome, draw
from training.joint.parts import Part, set_modes, train_only
from training.joint.schedule import Epoch, rate_factor, temperature
from training.run.distributed import Ranks
from training.run.engine import Engine
from training.run.optimization import Stepper
from training.run.run_log import Value, Where


class Means(NamedTuple):
    loss: float
    accuracy: float
    selection: list[float]  # by modality, of all segments


class EpochTotals:
    """Sums over the videos of this process."""

    def __init__(self, num_modalities: int) -> None:
        self._sums = torch.zeros(3 + num_modalities, dtype=torch.float64)

    def add(self, outcome: Outcome, *, counts: bool = True) -> None:
        """A batch; `counts` is false for one that only fills a process's turn."""
        if not counts:
            return
        used = outcome.decisions.mean(dim=1).sum(dim=0)
        head = (len(outcome.losses), outcome.losses.sum().item(), outcome.correct.sum().item())
        self._sums += torch.tensor([*head, *used.tolist()], dtype=torch.float64)

    def means(self, ranks: Ranks) -> Means:
        """Every process takes part, and gets the same."""
        count, loss, correct, *used = ranks.sum(self._sums.clone()).tolist()
        return Means(loss / count, correct / count, [share / count for share in used])


class JointPass:
    """Made once for each part of the model, and run in every epoch in which that part learns."""

    def __init__(
        self,
        model: AdaMML,
        part: Part,
        objective: JointObjective,
        *,
        config: JointConfig,
        generator: torch.Generator,
        engine: Engine,
    ) -> None:
        self.model = model
        self.part = part
        self.config = config
        self.generator = generator
        self.engine = engine
        train_only(model, part)
        self.objective = engine.ranks.wrap(objective)

    def run(
        self, epoch: Epoch, train: JointData, stepper: Stepper, advance: Callable[[int], object]
    ) -> dict[str, Value]:
        """Every video once; what to log of it. `advance` is told the videos of each batch."""
        train_only(self.model, self.part)
        set_modes(self.model, self.part, self.config)
        stepper.set_learning_rate(self.part.learning_rate * rate_factor(epoch, self.config))
        ranks, totals = self.engine.ranks, EpochTotals(len(self.model.spec.modalities))
        batches = iterate_batches(len(train), self.config.batch_videos, generator=self.generator)
        shards = [ranks.shard(batch) for batch in batches]
        read = read_ahead(shards, lambda shard: train.select(shard.rows))
        for step, (shard, own) in enumerate(read):
            batch = self._mixed(train, batches[step], own)
            outcome = self._outcome(batch, self._draw(len(batches[step]), batch), epoch)
            moment = Where(f"{epoch.stage}.{self.part.name}", epoch.number, step)
            stepper.step(outcome.losses.sum() * shard.scale, moment)
            totals.add(outcome, counts=shard.scale > 0)
            self._log_step(moment, outcome, stepper)
            advance(len(batches[step]))
        ranks.same_buffers(self.model)
        return self._values(totals, stepper)

    def _mixed(self, train: JointData, rows: Tensor, own: Features) -> Features:
        """This process's share of the batch: of videos that were put together, or its `own`."""
        trains_policy = self.part.name == "policy"
        if not (trains_policy and self.config.mixes_modalities and isinstance(train, Features)):
            return own
        mixed = mixed_modalities(train, rows, self.model.spec.modality_names, self.generator)
        return mixed.select(self.engine.ranks.shard(torch.arange(len(rows))).rows)

    def _draw(self, videos: int, batch: Features) -> Draws:
        """For this process's share of a batch of `videos`; all processes draw for all of them."""
        draws = draw(
            videos,
            batch.available.shape[1],
            self.model.spec,
            self.config,
            self.generator,
            trains_policy=self.part.name == "policy",
        )
        return draws.select(self.engine.ranks.shard(torch.arange(videos)).rows)

    def _outcome(self, batch: Features, draws: Draws, epoch: Epoch) -> Outcome:
        device = self.engine.hardware.device
        with self.engine.hardware.autocast():
            outcome: Outcome = self.objective(
                batch.to(device),
                draws.to(device),
                temperature(epoch, self.config),
                self.part.name == "policy",
            )
        return outcome

    def _log_step(self, moment: Where, outcome: Outcome, stepper: Stepper) -> None:
        """Of this process's share."""
        self.engine.log.step(
            moment,
            loss=outcome.losses.mean().item(),
            learning_rate=stepper.learning_rate,
            selection=self._by_name(outcome.decisions.mean(dim=(0, 1)).tolist()),
        )

    def _values(self, totals: EpochTotals, stepper: Stepper) -> dict[str, Value]:
        means, name = totals.means(self.engine.ranks), self.part.name
        return {
            f"{name}_loss": means.loss,
            f"{name}_accuracy": means.accuracy,
            f"{name}_selection": self._by_name(means.selection),
            f"{name}_learning_rate": stepper.learning_rate,
        }

    def _by_name(self, values: Iterable[float]) -> dict[str, float]:
        return dict(zip(self.model.spec.modality_names, values, strict=True))
