"""Policy and recognition together, by the paper's three stages, on pooled features."""

# Dimensions: V videos, S segments, M modalities, D features of a network, K classes.

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from model.networks.adamml import AdaMML
from model.networks.decisions import decide, sample_decisions
from model.spec import Modality
from training.batches import iterate_batches
from training.config import JointConfig
from training.finite import require_finite
from training.losses import policy_loss

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Features:
    """Pooled features of every network by modality, for V videos of S segments.

    `silence` is the policy branches' answer to an absent modality, (D,) by modality.
    """

    recognition: Mapping[Modality, Tensor]  # (V, S, D)
    policy: Mapping[Modality, Tensor]  # (V, S, D)
    silence: Mapping[Modality, Tensor]
    available: Tensor  # (V, S, M) bool
    labels: Tensor  # (V,)

    def select(self, rows: Tensor) -> Features:
        return Features(
            recognition={name: value[rows] for name, value in self.recognition.items()},
            policy={name: value[rows] for name, value in self.policy.items()},
            silence=self.silence,
            available=self.available[rows],
            labels=self.labels[rows],
        )

    def without(self, name: Modality, column: int, videos: Tensor) -> Features:
        """The same videos, but in those of the (V,) bool mask the modality is absent."""
        available = self.available.clone()
        available[videos, :, column] = False
        absent = self.policy[name].clone()
        absent[videos] = self.silence[name]
        policy = {**self.policy, name: absent}
        return Features(self.recognition, policy, self.silence, available, self.labels)


@dataclass(frozen=True, slots=True)
class Validation:
    """Deterministic decisions at a threshold: accuracy, mean multiply-adds, selection rates."""

    accuracy: float
    macs: float
    selection: tuple[float, ...]


class JointTrainer:
    """Trains classifiers, fusion and the policy above its branches, in place."""

    def __init__(self, model: AdaMML, config: JointConfig, *, seed: int) -> None:
        self.model = model
        self.config = config
        self.generator = torch.Generator().manual_seed(seed)
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

    def train(self, train: Features, val: Features) -> Validation:
        """Warm-up, alternating, fine-tuning; the best epoch on validation is kept."""
        config = self.config
        recognition = self._recognition_optimizer()
        for _ in range(config.warmup_epochs):
            self._epoch(train, recognition, trains_policy=False)
        policy = torch.optim.AdamW(
            self.policy_parameters,
            lr=config.policy_learning_rate,
            weight_decay=config.weight_decay,
        )
        best, state = self._kept(None, val)
        for epoch in range(config.alternating_epochs):
            self._epoch(train, recognition, trains_policy=False)
            self._epoch(train, policy, trains_policy=True)
            self.temperature *= config.temperature_decay
            best, state = self._kept((best, state), val)
            logger.info("alternating epoch %d: best so far %s", epoch, best)
        self.model.load_state_dict(state)
        recognition = self._recognition_optimizer()
        for epoch in range(config.finetune_epochs):
            self._epoch(train, recognition, trains_policy=False)
            best, state = self._kept((best, state), val)
            logger.info("fine-tuning epoch %d: best so far %s", epoch, best)
        self.model.load_state_dict(state)
        return best

    def _recognition_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.recognition_parameters,
            lr=self.config.recognition_learning_rate,
            weight_decay=self.config.weight_decay,
        )

    def _kept(
        self, best: tuple[Validation, dict[str, Tensor]] | None, val: Features
    ) -> tuple[Validation, dict[str, Tensor]]:
        """The better of `best` and now: by accuracy, then by fewer multiply-adds."""
        now = self.validate(val, threshold=self.model.spec.threshold)
        if best is not None and (now.accuracy, -now.macs) <= (best[0].accuracy, -best[0].macs):
            return best
        return now, copy.deepcopy(self.model.state_dict())

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
