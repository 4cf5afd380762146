"""One training run, from a manifest to a checkpoint; `train` reads from top to bottom."""

# Dimensions: V videos (or views of them), S segments, D features of a network.

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from model.blank import blank_inputs
from model.checkpoint import save_checkpoint
from model.networks.adamml import AdaMML
from model.networks.recognizer import Recognizer
from model.spec import Modality, ModelSpec
from training.checkpointing import StageFile
from training.config import TrainConfig
from training.data import Data, load_data
from training.features import Features
from training.joint import JointTrainer
from training.manifest import Manifest, read_manifest
from training.operating_points import best_point, sweep
from training.pretrained import load_imagenet
from training.random_state import seed_stage
from training.rounding import round_weights
from training.run_facts import RunFacts
from training.run_spec import make_spec
from training.stage_outputs import Item, calibrate_norm, features_from, pooled_features
from training.unimodal import train_unimodal

logger = logging.getLogger(__name__)

# Below the run's output: one file a stage, for going on after a cut.
STATE_FOLDER = "state"


class Unimodal(NamedTuple):
    """One modality alone: its validation accuracy, and its pooled (V, S, D) features."""

    accuracy: float
    train: Tensor
    val: Tensor


def train(config: TrainConfig) -> Path:
    """Run every stage, going on where an earlier run was cut. Returns the checkpoint.

    Killed at any moment and run again, it ends with the same weights, bit for bit, as a run that
    was never cut.

    Raises:
        ValueError: the configuration or the manifest is wrong, or is not that of the run whose
            state lies in `config.output`.
        FloatingPointError: a loss is no longer finite.
    """
    torch.manual_seed(config.seed)
    config.output.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(config.data.manifest)
    spec = make_spec(config, manifest)
    # Depthwise convolutions run several times faster in this layout, on CPUs as well.
    model = AdaMML(spec).to(memory_format=torch.channels_last)
    data = load_data(config.data, spec)
    facts = RunFacts.of(config, spec, data)

    alone = {name: train_alone(config, model, data, name, facts) for name in spec.modality_names}
    prepare_policy(config, model, data)
    trainer = JointTrainer(model, config.joint, generator=seed_stage(config.seed, "joint"))
    val = joint_features(model, data, data.val, {n: one.val for n, one in alone.items()})
    trainer.train(
        joint_features(model, data, data.train, {n: one.train for n, one in alone.items()}),
        val,
        file=StageFile(config.output / STATE_FOLDER / "joint.pt", facts.joint()),
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


def train_alone(
    config: TrainConfig, model: AdaMML, data: Data, name: Modality, facts: RunFacts
) -> Unimodal:
    """Train one recognition network of `model` in place, or load it when that was done."""
    recognizer = model.recognizer(name)
    path = config.output / STATE_FOLDER / f"unimodal_{name}.pt"
    file = StageFile(path, facts.unimodal(name))
    state = file.load() or {}
    if "result" in state:
        recognizer.load_state_dict(state["weights"])
        return Unimodal(**state["result"])
    result = _train_alone(config, model, data, name, file)
    logger.info("%s alone: validation accuracy %.4f", name, result.accuracy)
    file.save({"weights": recognizer.state_dict(), "result": result._asdict()})
    return result


def _train_alone(
    config: TrainConfig, model: AdaMML, data: Data, name: Modality, file: StageFile
) -> Unimodal:
    generator = seed_stage(config.seed, f"unimodal_{name}")
    settings, recognizer = config.unimodal[name], model.recognizer(name)
    recognizer.load_state_dict(new_recognizer(model.spec, name).state_dict())
    trunk = recognizer.trunk
    if settings.weights == "imagenet":
        load_imagenet(trunk)
    if settings.calibrates_norm:
        calibrate_norm(trunk, data.cache, data.train, f"recognizer.{name}", seed=config.seed)
    train_set, val_set = (
        data.examples(recognizer, name, items, settings) for items in (data.train, data.val)
    )
    accuracy = train_unimodal(
        recognizer, train_set, val_set, settings, generator=generator, file=file
    )
    return Unimodal(
        accuracy=accuracy,
        train=features_from(trunk, train_set.inputs, settings.frozen_stages),
        val=features_from(trunk, val_set.inputs, settings.frozen_stages),
    )


def new_recognizer(spec: ModelSpec, name: Modality) -> Recognizer:
    """Fresh weights from torch's generator, so that a stage begins the same in any run."""
    modality = spec.modalities[spec.modality_names.index(name)]
    return Recognizer(modality.recognizer, name, spec.inputs, len(spec.labels))


def prepare_policy(config: TrainConfig, model: AdaMML, data: Data) -> None:
    """ImageNet weights for the policy's branches; they stay frozen, with fitting statistics."""
    for modality in model.spec.modalities:
        branch = model.policy.branch(modality.name)
        if config.joint.policy_weights == "imagenet":
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
