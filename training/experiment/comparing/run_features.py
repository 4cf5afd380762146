"""The features that a trained run decides by, of all splits, for the systems beside it."""

# Dimensions: V videos, S segments, D features of a network.

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from model.common.cores import num_cores
from model.files.checkpoint import load_model
from model.networks.adamml import AdaMML
from model.spec.model_spec import Modality
from training.compared.shared import Shared, share
from training.configuration.config import TrainConfig
from training.configuration.run_spec import make_input_spec
from training.data.cache import Item
from training.data.run_data import RunData, load_data
from training.data.sources.manifest import Split, read_manifest
from training.data.views import View
from training.experiment.segment_truth import informative
from training.features.features import Features
from training.features.stage_outputs import features_from, stage_outputs
from training.joint.training_data import joint_features
from training.run.engine import Engine
from training.run.hardware import find_hardware
from training.train import SKIPPED_FILE
from training.unimodal.stage import prepare_trunk


def shared_features(config: TrainConfig, checkpoint: Path) -> Shared:
    """Of the training views, of validation and of test as they are served.

    What frozen stages make of the inputs is computed once for all seeds; the run must have been
    trained on features, not end to end.

    Raises:
        ValueError: a split has no video that could be decoded, or more labels than one.
    """
    if config.joint.end_to_end:
        raise ValueError("systems are compared on the features of frozen networks")
    manifest = read_manifest(config.data.manifest)
    if manifest.is_multi_label:
        raise ValueError("systems are compared where a video has one label")
    # In the memory layout of the training, so that statistics are its own to the last bit, and with
    # them the names of kept outputs.
    hardware = find_hardware(config.hardware.model_copy(update={"device": "cpu"}))
    engine = Engine(hardware)
    model = load_model(checkpoint).to(memory_format=hardware.memory_format)
    spec = make_input_spec(config, manifest.labels)
    skipped = config.output / SKIPPED_FILE
    data = load_data(config.data, manifest, spec, model.spec.modality_names, engine, skipped)
    view = View(spec.eval_segments)
    workers = config.data.workers or num_cores()
    tested = data.cache.build(manifest.split("test"), [view], workers=workers, name="test")
    items: dict[Split, Sequence[Item]] = {
        "train": data.train,
        "val": data.val,
        "test": [(sample, view) for sample in tested.samples],
    }
    shared = share(model, {n: _features(config, model, data, i, engine) for n, i in items.items()})
    truth = informative(
        config.data.manifest, tested.samples, model.spec.modality_names, spec.eval_segments
    )
    test = replace(shared.splits["test"], informative=truth)
    return replace(shared, splits={**shared.splits, "test": test})


def _features(
    config: TrainConfig, model: AdaMML, data: RunData, items: Sequence[Item], engine: Engine
) -> Features:
    names = model.spec.modality_names
    fine = {name: _recognition(config, model, data, items, name, engine) for name in names}
    return joint_features(model, data, items, fine, engine)


def _recognition(
    config: TrainConfig,
    model: AdaMML,
    data: RunData,
    items: Sequence[Item],
    name: Modality,
    engine: Engine,
) -> Tensor:
    """(V, S, D): the frozen stages' kept outputs, and the trained ones above them."""
    trunk, stage = model.recognizer(name).trunk, config.unimodal[name].frozen_stages
    start = copy.deepcopy(trunk)
    if stage is not None:
        prepare_trunk(config, start, data, name, engine)
    outputs = stage_outputs(start, data.cache, items, f"recognizer.{name}", stage, engine)
    return features_from(trunk, outputs, stage, engine)
