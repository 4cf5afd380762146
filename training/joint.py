"""Policy and recognition together, by the paper's three stages, on pooled features."""

# Dimensions: V videos, S segments, M modalities, D features of a network, K classes.

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from model.networks.adamml import AdaMML
from model.networks.decisions import decide, sample_decisions
from model.spec import Modality
from training.batches import iterate_batches
from training.best import Best, Weights
from training.checkpointing import Resumable, StageFile, Stateful
from training.config import JointConfig
from training.features import Features
from training.finite import require_finite
from training.losses import policy_loss
from training.random_state import RandomState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Validation:
    """Deterministic decisions at a threshold: accuracy, mean multiply-adds, selection rates."""

    accuracy: float
    macs: float
    selection: tuple[float, ...]


class Epoch(NamedTuple):
    """One of the joint epochs; `number` counts within its stage."""

    stage: Literal["warmup", "alternating", "finetune"]
    number: int


class JointTrainer:
    """Trains classifiers, fusion and the policy above its branches, in place."""

    def __init__(self, model: AdaMML, config: JointConfig, *, generator: torch.Generator) -> None:
        self.model = model
        self.config = config
        self.generator = generator
        self.temperature = config.start_temperature
        costs = model.spec.require_costs()
        self.macs = torch.tensor(
            [costs.recognition[name].total for name in model.spec.modality_names],
            dtype=torch.float64,
        )
        self.policy_macs = costs.policy.total
        self.cost_weights = self._cost_weights()
        self.recognition_parameters = [
            *model.fusion.parameters(),
            *(p for name in model.spec.modality_names for p in self._classifier(name)),
        ]
        self.policy_parameters = [
            parameter
            for name, parameter in model.policy.named_parameters()
            if not name.startswith("branches.")
        ]

    def _classifier(self, name: Modality) -> list[torch.nn.Parameter]:
        return list(self.model.recognizer(name).classifier.parameters())

    def _cost_weights(self) -> Tensor:
        """(M,) the paper's lambda."""
        names = self.model.spec.modality_names
        if self.config.cost_weights is not None:
            return torch.tensor([self.config.cost_weights[name] for name in names])
        return (self.macs / self.macs.max()).float() * self.config.max_cost_weight

    def train(self, train: Features, val: Features, *, file: StageFile | None = None) -> Validation:
        """Warm-up, alternating, fine-tuning; the best epoch on validation is kept.

        With a `file` every epoch is saved, and a run that was cut goes on where it was.

        Raises:
            FloatingPointError: the loss is no longer finite.
            StateError: the file was left by another run.
        """
        optimizers = self._optimizers()
        weights = Weights(self.model, self._trained_names())
        best = Best(weights)
        parts: dict[str, Stateful] = {
            "weights": weights,
            **optimizers,
            "random": RandomState(self.generator),
            "best": best,
        }
        resumable = Resumable(file, parts)
        epochs = self._schedule()
        for number in range(resumable.restore(), len(epochs)):
            epoch = epochs[number]
            if epoch == ("alternating", 0):
                self._consider(best, val)
            if epoch == ("finetune", 0):
                best.apply()
            self._run_epoch(epoch, train, optimizers)
            if epoch.stage != "warmup":
                now = self._consider(best, val)
                logger.info("%s epoch %d: %s", *epoch, now)
            resumable.save(number + 1)
        best.apply()
        return self.validate(val, threshold=self.model.spec.threshold)

    def _schedule(self) -> list[Epoch]:
        config = self.config
        return [
            *(Epoch("warmup", index) for index in range(config.warmup_epochs)),
            *(Epoch("alternating", index) for index in range(config.alternating_epochs)),
            *(Epoch("finetune", index) for index in range(config.finetune_epochs)),
        ]

    def _run_epoch(
        self, epoch: Epoch, train: Features, optimizers: Mapping[str, torch.optim.Optimizer]
    ) -> None:
        config = self.config
        self.temperature = config.start_temperature
        if epoch.stage != "warmup":
            past = epoch.number if epoch.stage == "alternating" else config.alternating_epochs
            self.temperature *= config.temperature_decay**past
        recognition = "finetune" if epoch.stage == "finetune" else "recognition"
        self._epoch(train, optimizers[recognition], trains_policy=False)
        if epoch.stage == "alternating":
            self._epoch(train, optimizers["policy"], trains_policy=True)

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Fine-tuning begins with an optimiser of its own: it starts from the best weights."""
        config = self.config
        groups = {
            "recognition": (self.recognition_parameters, config.recognition_learning_rate),
            "policy": (self.policy_parameters, config.policy_learning_rate),
            "finetune": (self.recognition_parameters, config.recognition_learning_rate),
        }
        return {
            name: torch.optim.AdamW(parameters, lr=rate, weight_decay=config.weight_decay)
            for name, (parameters, rate) in groups.items()
        }

    def _trained_names(self) -> set[str]:
        """Entries of the model's state that these stages change."""
        trained = {id(p) for p in (*self.recognition_parameters, *self.policy_parameters)}
        return {name for name, p in self.model.named_parameters() if id(p) in trained}

    def _consider(self, best: Best, val: Features) -> Validation:
        """By accuracy, then by fewer multiply-adds."""
        now = self.validate(val, threshold=self.model.spec.threshold)
        best.consider(now.accuracy, -now.macs)
        return now

    def _epoch(
        self, train: Features, optimizer: torch.optim.Optimizer, *, trains_policy: bool
    ) -> None:
        # Frozen networks stay in eval mode: no drifting statistics, no dropout.
        self.model.eval()
        for module in self.model.recognizers.values():
            module.train(not trains_policy)
        size = self.config.batch_videos
        for rows in iterate_batches(len(train.labels), size, generator=self.generator):
            batch = self._drop_audio(train.select(rows))
            decisions = self._sample(batch, trains_policy=trains_policy)
            video = self.model.fusion(self.logits(batch), decisions).video
            loss = self._loss(video, batch.labels, decisions, trains_policy=trains_policy)
            require_finite(loss, "the joint loss")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def _drop_audio(self, batch: Features) -> Features:
        """Silence some videos, so that a missing track does not itself tell the label."""
        names = self.model.spec.modality_names
        if "audio" not in names:
            return batch
        draws = torch.rand(len(batch.labels), generator=self.generator)
        return batch.without("audio", names.index("audio"), draws < self.config.drop_audio)

    def _sample(self, batch: Features, *, trains_policy: bool) -> Tensor:
        with torch.set_grad_enabled(trains_policy):
            return sample_decisions(
                self.policy_logits(batch),
                tau=self.temperature,
                available=batch.available,
                generator=self.generator,
            )

    def _loss(
        self, video: Tensor, labels: Tensor, decisions: Tensor, *, trains_policy: bool
    ) -> Tensor:
        if not trains_policy:
            return F.cross_entropy(video, labels)
        wrong = self.config.wrong_penalty
        return policy_loss(video, labels, decisions, self.cost_weights, wrong)

    def logits(self, batch: Features) -> Tensor:
        """(V, S, M, K): every modality's logits of every segment."""
        names = self.model.spec.modality_names
        return torch.stack(
            [self.model.recognizer(name).classify(batch.recognition[name]) for name in names],
            dim=2,
        )

    def policy_logits(self, batch: Features) -> Tensor:
        """(V, S, M, 2) raw outputs."""
        names = self.model.spec.modality_names
        rows = [batch.policy[name].flatten(0, 1) for name in names]
        joint = self.model.policy.joint(rows, batch.available.flatten(0, 1))
        return self.model.policy.recur(joint.reshape(*batch.available.shape[:2], -1))

    @torch.inference_mode()
    def validate(self, features: Features, *, threshold: float) -> Validation:
        """As serving decides: no sampling."""
        self.model.eval()
        decisions = decide(self.policy_logits(features), threshold, features.available).float()
        video = self.model.fusion(self.logits(features), decisions).video
        correct = video.argmax(dim=1) == features.labels
        macs = (decisions.double() * self.macs).sum(dim=(1, 2)).mean().item()
        return Validation(
            accuracy=correct.double().mean().item(),
            macs=macs + self.policy_macs * decisions.shape[1],
            selection=tuple(decisions.mean(dim=(0, 1)).tolist()),
        )
