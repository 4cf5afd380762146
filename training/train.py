"""One training run, from a manifest to a checkpoint; `train` reads from top to bottom."""

# Dimensions: V videos (or views of them), S segments, D features of a network.

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from model.atomic_file import write_atomically
from model.blank import blank_inputs
from model.checkpoint import save_checkpoint
from model.cost import with_costs
from model.networks.adamml import AdaMML
from model.networks.recognizer import Recognizer
from model.presets import preset
from model.spec import Modality, ModelSpec
from training.config import TrainConfig
from training.data import Data, load_data
from training.joint import Features, JointTrainer
from training.manifest import Manifest, read_manifest
from training.operating_points import best_point, sweep
from training.pretrained import load_imagenet
from training.rounding import round_weights
from training.stage_outputs import Item, calibrate_norm, features_from, pooled_features
from training.unimodal import train_unimodal

logger = logging.getLogger(__name__)


class Unimodal(NamedTuple):
    """One modality alone: its validation accuracy, and its pooled (V, S, D) features."""

    accuracy: float
    train: Tensor
    val: Tensor


def train(config: TrainConfig) -> Path:
    """Run every stage; finished ones are resumed from `config.output`. Returns the checkpoint.

    Raises:
        ValueError: the configuration or the manifest is wrong.
        FloatingPointError: a loss is no longer finite.
    """
    torch.manual_seed(config.seed)
    config.output.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(config.data.manifest)
    spec = make_spec(config, manifest)
    # Depthwise convolutions run several times faster in this layout, on CPUs as well.
    model = AdaMML(spec).to(memory_format=torch.channels_last)
    data = load_data(config.data, spec)

    alone = {name: train_alone(config, model, data, name) for name in spec.modality_names}
    # Again, so that a resumed run, which drew nothing so far, goes on like one that was not cut.
    torch.manual_seed(config.seed)
    prepare_policy(config, model, data)
    trainer = JointTrainer(model, config.joint, seed=config.seed)
    val = joint_features(model, data, data.val, {n: one.val for n, one in alone.items()})
    trainer.train(
        joint_features(model, data, data.train, {n: one.train for n, one in alone.items()}), val
    )

    round_weights(model)
    curve = sweep(trainer, val)
    point = best_point(curve)
    logger.info("serving point on validation: %s", point)
    provenance = _provenance(config, manifest, {n: one.accuracy for n, one in alone.items()})
    changes = {"threshold": point.threshold, "curve": curve, "provenance": provenance}
    path = config.output / f"{config.name}.safetensors"
    save_checkpoint(path, model, spec=spec.model_copy(update=changes))
    return path


def make_spec(config: TrainConfig, manifest: Manifest) -> ModelSpec:
    """The preset under the run's name, with its costs."""
    spec = preset(config.preset, manifest.labels).model_copy(update={"name": config.name})
    if set(config.unimodal) != set(spec.modality_names):
        raise ValueError(
            f"[unimodal] has {sorted(config.unimodal)}; the preset {config.preset!r} needs"
            f" {sorted(spec.modality_names)}"
        )
    return with_costs(spec)


def train_alone(config: TrainConfig, model: AdaMML, data: Data, name: Modality) -> Unimodal:
    """Train one recognition network of `model` in place, or load it when that was done."""
    recognizer = model.recognizer(name)
    saved = config.output / f"unimodal_{name}.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        recognizer.load_state_dict(state["weights"])
        return Unimodal(**state["result"])
    result = _train_alone(config, recognizer, data, name)
    logger.info("%s alone: validation accuracy %.4f", name, result.accuracy)
    state = {"weights": recognizer.state_dict(), "result": result._asdict()}
    write_atomically(saved, lambda path: torch.save(state, path))
    return result


def _train_alone(
    config: TrainConfig, recognizer: Recognizer, data: Data, name: Modality
) -> Unimodal:
    settings, trunk = config.unimodal[name], recognizer.trunk
    load_imagenet(trunk)
    if settings.calibrates_norm:
        calibrate_norm(trunk, data.cache, data.train, f"recognizer.{name}", seed=config.seed)
    train_set, val_set = (
        data.examples(recognizer, name, items, settings) for items in (data.train, data.val)
    )
    accuracy = train_unimodal(recognizer, train_set, val_set, settings, seed=config.seed)
    return Unimodal(
        accuracy=accuracy,
        train=features_from(trunk, train_set.inputs, settings.frozen_stages),
        val=features_from(trunk, val_set.inputs, settings.frozen_stages),
    )


def prepare_policy(config: TrainConfig, model: AdaMML, data: Data) -> None:
    """ImageNet weights for the policy's branches; they stay frozen, with fitting statistics."""
    for modality in model.spec.modalities:
        branch = model.policy.branch(modality.name)
        load_imagenet(branch)
        if modality.proxy != "rgb":
            stream = f"policy.{modality.name}"
            calibrate_norm(branch, data.cache, data.train, stream, seed=config.seed)


def joint_features(
    model: AdaMML, data: Data, items: Sequence[Item], recognition: Mapping[Modality, Tensor]
) -> Features:
    """The recognisers' pooled features with those of the policy's branches."""
    policy, silence = {}, {}
    for name in model.spec.modality_names:
        branch = model.policy.branch(name)
        policy[name] = pooled_features(branch, data.cache, items, f"policy.{name}")
        blank = torch.from_numpy(blank_inputs(model.spec, name, role="policy"))
        with torch.no_grad():
            silence[name] = branch(blank)[0]
    return Features(
        recognition=recognition,
        policy=policy,
        silence=silence,
        available=data.available(items),
        labels=data.labels(items),
    )


def _provenance(
    config: TrainConfig, manifest: Manifest, accuracies: Mapping[Modality, float]
) -> dict[str, str]:
    sizes = {split: len(manifest.split(split)) for split in ("train", "val", "test")}
    facts = {f"videos_{split}": str(size) for split, size in sizes.items()}
    facts |= {f"val_accuracy_{name}": f"{value:.4f}" for name, value in accuracies.items()}
    return {"config": config.model_dump_json(exclude={"data", "output"}), **facts}
