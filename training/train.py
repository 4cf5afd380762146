"""One training run, from a manifest to a checkpoint; `train` reads from top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import torch

from model.files.checkpoint import save_checkpoint
from model.networks.adamml import AdaMML
from model.spec.model_spec import Modality, ModelSpec
from training.configuration.config import TrainConfig
from training.configuration.recipe import UnimodalConfig
from training.configuration.run_spec import make_input_spec, make_spec
from training.data.durations import clip_seconds
from training.data.run_data import RunData, load_data
from training.data.sources.manifest import Manifest, read_manifest
from training.evaluation.view_features import curve_features
from training.features.features import Features, JointData
from training.features.standardizing import standardize_policy
from training.fingerprints import RunFingerprints
from training.joint.calibrating import calibrate
from training.joint.cross_fitting import assign_folds, cross_fitted, fit_evidence
from training.joint.curve.operating_points import dense_point, sweep
from training.joint.trainer import JointTrainer
from training.joint.training_data import joint_features, prepare_policy, raw_data
from training.plan import describe, plan
from training.run.checkpointing import StageFile
from training.run.engine import Engine, start_engine
from training.run.hardware import round_weights
from training.run.random_state import mixed_seed, seed_rank, seed_stage
from training.unimodal.stage import UnimodalResult, train_unimodal

logger = logging.getLogger(__name__)

# Below the run's output: one file a stage, for going on after a cut.
STATE_FOLDER = "state"
# There too: the videos that could not be used, and why.
SKIPPED_FILE = "skipped.csv"


def train(config: TrainConfig) -> Path:
    """Run every stage, going on where an earlier run was cut. Returns the checkpoint.

    Killed at any moment and run again, it ends with the same weights, bit for bit, as a run that
    was never cut. Under torchrun its processes train as one.

    Raises:
        ValueError: the configuration or the manifest is wrong, or is not that of the run whose
            state lies in `config.output`.
        FloatingPointError: a loss is no longer finite.
    """
    config.output.mkdir(parents=True, exist_ok=True)
    with start_engine(config) as engine:
        return _train(config, engine)


def _train(config: TrainConfig, engine: Engine) -> Path:
    manifest = read_manifest(config.data.manifest)
    spec = make_spec(config, manifest.labels)
    input_spec = make_input_spec(config, manifest.labels)
    skipped = config.output / SKIPPED_FILE
    _tell_plan(config, manifest, spec, input_spec, engine)
    data = load_data(config.data, manifest, input_spec, spec.modality_names, engine, skipped)
    data.require_examples()
    if config.joint.gain_alone and manifest.is_multi_label:
        raise ValueError("joint.gain_alone is for videos of one label each; these have several")
    fingerprints = RunFingerprints.of(config, spec, data, engine)

    torch.manual_seed(config.seed)
    hardware = engine.hardware
    model = AdaMML(spec).to(hardware.device).to(memory_format=hardware.memory_format)
    folder = config.unimodal_state or config.output / STATE_FOLDER
    unimodal = {
        name: train_unimodal(
            config,
            model,
            data,
            name,
            file=StageFile(folder / f"unimodal_{name}.pt", fingerprints.unimodal(name)),
            engine=engine,
        )
        for name in spec.modality_names
    }

    generator = seed_stage(config.seed, "joint")
    seed_rank(config.seed, "joint", engine.ranks)
    prepare_policy(config, model, data, engine)
    train_data, val_data = _joint_data(config, model, data, unimodal, engine)
    standardize_policy(model, train_data, engine)
    if config.joint.folds and isinstance(train_data, Features):
        train_data = _fit_across_folds(config, model, data, train_data, engine)
    trainer = JointTrainer(model, config.joint, generator=generator, engine=engine)
    file = StageFile(config.output / STATE_FOLDER / "joint.pt", fingerprints.joint())
    trainer.train(train_data, val_data, file=file)

    round_weights(model)
    pooled = trainer.pooled(val_data)
    if config.joint.keeps_all:
        curve, point = dense_point(model, pooled)
    else:
        others = curve_features(config, model, data, engine)
        groups = [sample.group for sample, _ in data.val]
        mix = data.targets(data.train)
        curve, point = sweep(model, pooled, others, mix=mix, groups=groups)
    logger.info("serving point on validation: %s", point)
    provenance = _provenance(config, manifest, {n: one.accuracy for n, one in unimodal.items()})
    changes = {
        "threshold": point.threshold,
        "served_segments": point.segments,
        "clip_seconds": clip_seconds([s for s, _ in data.train], config.data.limits),
        "curve": curve,
        "provenance": provenance,
    }
    path = config.output / f"{config.name}.safetensors"
    if engine.ranks.is_main:
        save_checkpoint(path, model.cpu(), spec=spec.model_copy(update=changes))
    return path


def _tell_plan(
    config: TrainConfig, manifest: Manifest, spec: ModelSpec, input_spec: ModelSpec, engine: Engine
) -> None:
    if not engine.ranks.is_main:
        return
    model = AdaMML(spec).to(engine.hardware.device)
    model = model.to(memory_format=engine.hardware.memory_format)
    logger.info("%s", describe(plan(config, manifest, input_spec, model, engine)))


def _joint_data(
    config: TrainConfig,
    model: AdaMML,
    data: RunData,
    unimodal: Mapping[Modality, UnimodalResult],
    engine: Engine,
) -> tuple[JointData, JointData]:
    """Training and validation."""
    if config.joint.end_to_end:
        return raw_data(model, data, data.train), raw_data(model, data, data.val)
    train = {name: one.train for name, one in unimodal.items()}
    val = {name: one.val for name, one in unimodal.items()}
    return (
        joint_features(model, data, data.train, train, engine),
        joint_features(model, data, data.val, val, engine),
    )


def _fit_across_folds(
    config: TrainConfig, model: AdaMML, data: RunData, train: Features, engine: Engine
) -> Features:
    """The model's classifiers, believed as far as they are right of what they have not seen."""
    folds = assign_folds([sample for sample, _ in data.train], config.joint.folds)
    judged = cross_fitted(model, train, folds, config.joint, config.seed, engine)
    fit_evidence(model, train, config.joint, mixed_seed(config.seed, "evidence"), engine)
    return calibrate(model, judged)


def _provenance(
    config: TrainConfig, manifest: Manifest, accuracies: Mapping[Modality, float]
) -> dict[str, str]:
    sizes = {split: len(manifest.split(split)) for split in ("train", "val", "test")}
    provenance = {f"videos_{split}": str(size) for split, size in sizes.items()}
    provenance |= {f"val_accuracy_{name}": f"{value:.4f}" for name, value in accuracies.items()}
    excluded = {"data", "output", "unimodal_state", "tensorboard"}
    named = config.model_copy(
        update={
            "preset": Path(config.preset).name,
            "unimodal": {name: _without_folder(one) for name, one in config.unimodal.items()},
        }
    )
    return {"config": named.model_dump_json(exclude=excluded), **provenance}


def _without_folder(unimodal: UnimodalConfig) -> UnimodalConfig:
    """A model tells whose weights it began with, not where they lay."""
    if not isinstance(unimodal.weights, Path):
        return unimodal
    return unimodal.model_copy(update={"weights": Path(unimodal.weights.name)})
