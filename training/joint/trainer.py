"""Policy and recognition together, by the paper's three stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch

from model.networks.adamml import AdaMML
from training.configuration.recipe import JointConfig
from training.features.features import Features, JointData
from training.features.pooling import pool_all
from training.joint.efficiency_loss import cost_weights
from training.joint.epoch_pass import JointPass
from training.joint.objective import JointObjective
from training.joint.parts import policy_part, recognition_part, trained_names
from training.joint.schedule import (
    Epoch,
    is_averaged,
    joint_epochs,
    num_passes,
    temperature,
    trains_policy,
    trains_recognition,
)
from training.joint.validation import Validation, validate
from training.run.best import Best, Mean, Weights
from training.run.checkpointing import Resumable, StageFile, Stateful
from training.run.engine import Engine
from training.run.optimization import Stepper, make_optimizer
from training.run.progress import stage_progress
from training.run.random_state import RandomState
from training.run.run_log import Value, Where


class JointTrainer:
    """Trains recognisers, fusion and policy of `model` in place.

    On pooled features: the classifiers, the fusion and the policy above its branches. End to end:
    everything.
    """

    def __init__(
        self,
        model: AdaMML,
        config: JointConfig,
        *,
        generator: torch.Generator,
        engine: Engine | None = None,
    ) -> None:
        self.model = model
        self.config = config
        self.generator = generator
        self.engine = engine or Engine()
        objective = JointObjective(model, config, cost_weights(model.spec, config))
        objective.to(self.engine.hardware.device)
        self.passes = {
            part.name: JointPass(
                model, part, objective, config=config, generator=generator, engine=self.engine
            )
            for part in (recognition_part(model, config), policy_part(model, config))
        }

    def train(
        self, train: JointData, val: JointData, *, file: StageFile | None = None
    ) -> Validation:
        """Warm-up, alternating, fine-tuning; the best epoch on validation is kept, of a policy that
        is taught by folds the last one or the mean of the last ones.

        With a `file` every epoch is saved, and a run that was cut goes on where it was.

        Raises:
            FloatingPointError: the loss is no longer finite.
            StateError: the file was left by another run.
        """
        steppers, weights = self._steppers(), self._weights()
        best, mean = Best(weights), Mean(weights)
        resumable = self._resumable(file, steppers, best, mean)
        epochs, done = joint_epochs(self.config), resumable.restore()
        shown = self.engine.ranks.is_main
        passed, passes = (num_passes(some, self.config) for some in (epochs[:done], epochs))
        with stage_progress(
            "joint", epochs=passes, done=passed, steps=len(train), shown=shown
        ) as bar:
            for number in range(done, len(epochs)):
                epoch = epochs[number]
                if epoch == ("alternating", 0) and not self.config.folds:
                    best.consider(*self.validate(val).score())
                if epoch == ("finetune", 0):
                    best.apply()
                now = self._run_epoch(epoch, train, val, steppers, bar.update)
                if self.config.folds:
                    # Taught by folds alone: an untrained policy that keeps much would be "best".
                    best.consider(number)
                    if is_averaged(epoch, self.config):
                        mean.add()
                elif epoch.stage != "warmup":
                    best.consider(*now.score())
                bar.set_postfix(val=f"{now.accuracy:.4f}", refresh=False)
                resumable.save(number + 1)
        best.apply()
        mean.apply()
        return self.validate(val)

    def _weights(self) -> Weights:
        parts = [one.part for one in self.passes.values()]
        return Weights(self.model, trained_names(self.model, parts, self.config))

    def _resumable(
        self, file: StageFile | None, steppers: Mapping[str, Stepper], best: Best, mean: Mean
    ) -> Resumable:
        parts: dict[str, Stateful] = {
            "weights": best.weights,
            **steppers,
            "random": RandomState(self.generator, self.engine.ranks),
            "best": best,
            "mean": mean,
            "log": self.engine.log,
        }
        return Resumable(file, parts, self.engine.ranks)

    def _steppers(self) -> dict[str, Stepper]:
        """Fine-tuning has one of its own: it starts from the best weights, not from the last."""
        recognition, policy = self.passes["recognition"].part, self.passes["policy"].part
        chosen = {"recognition": recognition, "policy": policy, "finetune": recognition}
        steppers = {}
        for name, part in chosen.items():
            groups = [{"params": part.parameters, "lr": part.learning_rate}]
            steppers[name] = Stepper(
                make_optimizer(part.optimizer, groups, weight_decay=self.config.weight_decay),
                self.engine.hardware.scaler(),
                clip_gradient=self.config.clip_gradient,
            )
        return steppers

    def _run_epoch(
        self,
        epoch: Epoch,
        train: JointData,
        val: JointData,
        steppers: Mapping[str, Stepper],
        advance: Callable[[int], object],
    ) -> Validation:
        start = time.monotonic()
        values: dict[str, Value] = {"temperature": temperature(epoch, self.config)}
        stepper = steppers["finetune" if epoch.stage == "finetune" else "recognition"]
        if trains_recognition(self.config):
            values |= self.passes["recognition"].run(epoch, train, stepper, advance)
        if trains_policy(epoch, self.config):
            values |= self.passes["policy"].run(epoch, train, steppers["policy"], advance)
        now = self.validate(val)
        self.engine.log.epoch(
            Where(epoch.stage, epoch.number),
            **values,
            val_accuracy=now.accuracy,
            val_loss=now.loss,
            val_gflops=now.macs / 1e9,
            val_selection=dict(zip(self.model.spec.modality_names, now.selection, strict=True)),
            seconds=time.monotonic() - start,
        )
        return now

    def validate(self, data: JointData, *, threshold: float | None = None) -> Validation:
        """As serving decides: no sampling. `threshold` replaces the spec's."""
        threshold = self.model.spec.threshold if threshold is None else threshold
        threshold = 0.0 if self.config.keeps_all else threshold
        return validate(self.model, self.pooled(data), threshold=threshold)

    def pooled(self, data: JointData) -> Features:
        """All of `data`, by the trunks as they are now."""
        size = self.config.batch_videos
        return pool_all(self.model, data, self.engine, batch_videos=size)
