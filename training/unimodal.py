"""Training one recognition network alone, from the outputs of its frozen stages."""

# Dimensions: V videos (or views of them), S segments, B = V*S rows, K classes, D features.

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from model.networks.recognizer import Recognizer
from training.batches import iterate_batches
from training.best import Best, Weights
from training.checkpointing import Resumable, StageFile, Stateful
from training.config import UnimodalConfig
from training.finite import require_finite
from training.random_state import RandomState
from training.spec_augment import mask_bands

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs of one network with labels; rows of absent modalities are not `available`.

    `inputs` are (V, S, ...): raw arrays, or with frozen stages (V, S, frames, c, h, w)
    activations, in half precision.
    """

    inputs: Tensor
    available: Tensor  # (V, S) bool
    labels: Tensor  # (V,)

    def __post_init__(self) -> None:
        sizes = {len(self.inputs), len(self.available), len(self.labels)}
        if len(sizes) != 1 or self.inputs.shape[:2] != self.available.shape:
            raise ValueError(f"{self.inputs.shape=}, {self.available.shape=}, {self.labels.shape=}")

    def with_modality(self) -> Examples:
        """Only the videos that have the modality in some segment."""
        present = self.available.any(dim=1)
        return Examples(self.inputs[present], self.available[present], self.labels[present])


def train_unimodal(
    recognizer: Recognizer,
    train: Examples,
    val: Examples,
    config: UnimodalConfig,
    *,
    generator: torch.Generator,
    file: StageFile | None = None,
) -> float:
    """Train in place; keeps the weights of the best validation epoch, returns its accuracy.

    With a `file` every epoch is saved, and a run that was cut goes on where it was.

    Raises:
        FloatingPointError: the loss is no longer finite.
        StateError: the file was left by another run.
    """
    train, val = train.with_modality(), val.with_modality()
    optimizer, scheduler = _optimizer(recognizer, config, steps=_steps(train, config))
    weights = Weights(recognizer)
    best = Best(weights)
    parts: dict[str, Stateful] = {
        "weights": weights,
        "optimizer": optimizer,
        "scheduler": scheduler,
        "random": RandomState(generator),
        "best": best,
    }
    stage = Resumable(file, parts)
    for epoch in range(stage.restore(), config.epochs):
        loss = _train_epoch(recognizer, train, config, optimizer, scheduler, generator)
        accuracy = validate(recognizer, val, config)
        logger.info("epoch %d: loss %.4f, validation accuracy %.4f", epoch, loss, accuracy)
        best.consider(accuracy)
        stage.save(epoch + 1)
    return best.apply()[0]


def video_logits(
    recognizer: Recognizer, inputs: Tensor, available: Tensor, frozen_stages: int | None
) -> Tensor:
    """(V, S, ...) inputs, (V, S) availability -> (V, K), the mean over available segments."""
    rows = inputs[available]
    if frozen_stages is None:
        logits = recognizer(rows)
    else:
        features = recognizer.trunk.forward_from(rows.flatten(0, 1).float(), frozen_stages)
        logits = recognizer.classify(features)
    spread = logits.new_zeros(*available.shape, logits.shape[-1])
    spread[available] = logits
    mean: Tensor = spread.sum(dim=1) / available.sum(dim=1, keepdim=True)
    return mean


@torch.inference_mode()
def validate(recognizer: Recognizer, examples: Examples, config: UnimodalConfig) -> float:
    """Top-1 accuracy over the videos that have the modality."""
    recognizer.eval()
    correct = 0
    for batch in iterate_batches(len(examples.labels), config.batch_videos):
        logits = video_logits(
            recognizer, examples.inputs[batch], examples.available[batch], config.frozen_stages
        )
        correct += int((logits.argmax(dim=1) == examples.labels[batch]).sum())
    return correct / len(examples.labels)


def _train_epoch(
    recognizer: Recognizer,
    examples: Examples,
    config: UnimodalConfig,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    generator: torch.Generator,
) -> float:
    set_training(recognizer)
    losses = []
    batches = iterate_batches(len(examples.labels), config.batch_videos, generator=generator)
    for batch in tqdm(batches, desc="unimodal", leave=False, disable=None):
        inputs = mask_bands(examples.inputs[batch], config, generator)
        logits = video_logits(recognizer, inputs, examples.available[batch], config.frozen_stages)
        loss = F.cross_entropy(
            logits, examples.labels[batch], label_smoothing=config.label_smoothing
        )
        optimizer.zero_grad(set_to_none=True)
        require_finite(loss, "the unimodal loss")
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def set_training(recognizer: Recognizer) -> None:
    """Training mode, but batch norm keeps its statistics: the batches here are small."""
    recognizer.train()
    for module in recognizer.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def _steps(examples: Examples, config: UnimodalConfig) -> int:
    return config.epochs * -(-len(examples.labels) // config.batch_videos)


def _optimizer(
    recognizer: Recognizer, config: UnimodalConfig, *, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with one cosine cycle; the new classifier learns faster than the pretrained trunk."""
    groups = [
        {"params": list(part.parameters())} for part in (recognizer.trunk, recognizer.classifier)
    ]
    rates = [config.learning_rate, 4 * config.learning_rate]
    optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=rates, total_steps=steps, pct_start=0.1
    )
    return optimizer, scheduler
