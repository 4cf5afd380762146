"""Training one recognition network alone, from the outputs of its frozen stages."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.networks.recognizer import Recognizer
from training.configuration.recipe import UnimodalConfig
from training.data.array_store import iterate_batches, read_ahead
from training.data.augmentation.spec_augment import draw_bands, is_masked, mask_bands
from training.data.targets import accuracy
from training.run.best import Best, Weights
from training.run.checkpointing import Resumable, StageFile
from training.run.distributed import Shard
from training.run.engine import Engine
from training.run.optimization import Stepper, make_optimizer, unimodal_schedule
from training.run.progress import stage_progress
from training.run.random_state import RandomState
from training.run.run_log import Where
from training.unimodal.examples import Examples
from training.unimodal.objective import UnimodalObjective, video_logits


class UnimodalTrainer:
    """Trains one recognition network in place."""

    def __init__(
        self,
        recognizer: Recognizer,
        config: UnimodalConfig,
        *,
        generator: torch.Generator,
        engine: Engine,
        stage: str = "unimodal",
    ) -> None:
        """`stage` names it in the log and in errors."""
        self.recognizer = recognizer
        self.config = config
        self.generator = generator
        self.engine = engine
        self.stage = stage
        recognizer.trunk.requires_grad_(config.trains_trunk)
        objective = UnimodalObjective(recognizer, config)
        frozen = config.frozen_stages is not None
        self.objective = engine.ranks.wrap(objective, partly_used=frozen)

    def train(self, train: Examples, val: Examples, *, file: StageFile | None = None) -> float:
        """Keeps the weights of the best validation epoch, returns its accuracy.

        With a `file` every epoch is saved, and a run that was cut goes on where it was.

        Raises:
            FloatingPointError: the loss is no longer finite.
            StateError: the file was left by another run.
        """
        train, val = train.with_modality(), val.with_modality()
        batches = -(-len(train.targets) // self.config.batch_videos)
        stepper = self._stepper(batches)
        weights = Weights(self.recognizer)
        best = Best(weights)
        resumable = Resumable(
            file,
            {
                "weights": weights,
                "stepper": stepper,
                "random": RandomState(self.generator, self.engine.ranks),
                "best": best,
                "log": self.engine.log,
            },
            self.engine.ranks,
        )
        done, epochs = resumable.restore(), self.config.epochs
        shown = self.engine.ranks.is_main
        with stage_progress(
            self.stage, epochs=epochs, done=done, steps=batches, shown=shown
        ) as bar:
            for epoch in range(done, epochs):
                start = time.monotonic()
                loss = self._train_epoch(train, stepper, Where(self.stage, epoch), bar.update)
                figure = self.validate(val)
                best.consider(figure)
                self.engine.log.epoch(
                    Where(self.stage, epoch),
                    loss=loss,
                    val_accuracy=figure,
                    learning_rate=stepper.learning_rate,
                    seconds=time.monotonic() - start,
                )
                bar.set_postfix(loss=f"{loss:.4f}", val=f"{figure:.4f}", refresh=False)
                resumable.save(epoch + 1)
        return best.apply()[0]

    def _stepper(self, batches: int) -> Stepper:
        """The new classifier learns faster than the pretrained trunk."""
        config, recognizer = self.config, self.recognizer
        rate = config.learning_rate
        groups = [
            {"params": list(recognizer.trunk.parameters()), "lr": rate},
            {
                "params": list(recognizer.classifier.parameters()),
                "lr": config.classifier_rate_factor * rate,
            },
        ]
        optimizer = make_optimizer(config.optimizer, groups, weight_decay=config.weight_decay)
        return Stepper(
            optimizer,
            self.engine.hardware.scaler(),
            schedule=unimodal_schedule(optimizer, config, steps=batches),
            clip_gradient=config.clip_gradient,
        )

    def _train_epoch(
        self, examples: Examples, stepper: Stepper, where: Where, advance: Callable[[], object]
    ) -> float:
        """The mean loss of a video."""
        self._set_training()
        ranks, count = self.engine.ranks, len(examples.targets)
        batches = iterate_batches(count, self.config.batch_videos, generator=self.generator)
        shards = [ranks.shard(batch) for batch in batches]
        rows = examples.inputs.for_epoch(where.epoch)
        read = read_ahead(shards, lambda shard: rows.take(shard.rows))
        total = torch.zeros(())
        for step, (shard, inputs) in enumerate(read):
            masked = self._masked(inputs, batches[step])
            losses = self._losses(examples, shard, masked)
            moment = where._replace(step=step)
            stepper.step(losses.sum() * shard.scale, moment)
            if shard.scale:
                total += losses.detach().sum().cpu()
            self.engine.log.step(
                moment, loss=losses.mean().item(), learning_rate=stepper.learning_rate
            )
            advance()
        ranks.same_buffers(self.recognizer)
        return ranks.sum(total).item() / count

    def _losses(self, examples: Examples, shard: Shard, inputs: Tensor) -> Tensor:
        device = self.engine.hardware.device
        with self.engine.hardware.autocast():
            losses: Tensor = self.objective(
                inputs.to(device),
                examples.available[shard.rows].to(device),
                examples.targets[shard.rows].to(device),
            )
        return losses

    def _masked(self, inputs: Tensor, batch: Tensor) -> Tensor:
        """Spectrograms with random bands masked; all ranks draw for the whole batch."""
        is_spectrogram = inputs.ndim == 4
        if self.config.draws_sound or not is_spectrogram or not is_masked(self.config):
            return inputs
        height, width = inputs.shape[2:]
        bands = draw_bands(len(batch), (height, width), self.config, self.generator)
        share = self.engine.ranks.shard(torch.arange(len(batch))).rows
        return mask_bands(inputs, [bands[row] for row in share.tolist()])

    def _set_training(self) -> None:
        self.recognizer.train()
        for module in self.recognizer.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.train(self.config.norm == "trained")

    @torch.no_grad()
    def validate(self, examples: Examples) -> float:
        """Top-1 accuracy, or mean average precision, over the videos that have the modality."""
        self.recognizer.eval()
        device, ranks = self.engine.hardware.device, self.engine.ranks
        count = len(examples.targets)
        logits = torch.zeros(count, self.recognizer.classifier.out_features)
        batches = iterate_batches(count, self.config.batch_videos)
        share = batches[ranks.rank :: ranks.world]
        for rows, inputs in read_ahead(share, examples.inputs.take):
            with self.engine.hardware.autocast():
                available = examples.available[rows].to(device)
                one = video_logits(self.recognizer, inputs.to(device), available, self.config)
            logits[rows] = one.float().cpu()
        return accuracy(ranks.sum(logits), examples.targets)
