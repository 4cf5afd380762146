"""The first stages: every recognition network alone, or what an earlier run made of it."""

# Dimensions: V videos (or views of them), S segments, D features of a network.

from __future__ import annotations

import logging
from typing import NamedTuple

import torch
from torch import Tensor

from model.networks.adamml import AdaMML
from model.networks.recognizer import Recognizer
from model.networks.trunk import Trunk
from model.spec.model_spec import Modality, ModelSpec
from training.configuration.config import TrainConfig
from training.configuration.recipe import UnimodalConfig
from training.data.run_data import RunData
from training.features.stage_outputs import calibrate_norm, features_from
from training.run.checkpointing import StageFile
from training.run.engine import Engine
from training.run.random_state import seed_rank, seed_stage
from training.unimodal.examples import Examples, cached_examples, drawn_examples
from training.unimodal.pretrained import load_weights
from training.unimodal.trainer import UnimodalTrainer

logger = logging.getLogger(__name__)


class UnimodalResult(NamedTuple):
    """One modality alone: its validation accuracy, and its pooled (V, S, D) features."""

    accuracy: float
    train: Tensor
    val: Tensor


def train_unimodal(
    config: TrainConfig,
    model: AdaMML,
    data: RunData,
    name: Modality,
    *,
    file: StageFile,
    engine: Engine,
) -> UnimodalResult:
    """Train one recognition network of `model` in place, or load it where that was done."""
    recognizer = model.recognizer(name)
    state = engine.ranks.from_main(file.load) or {}
    if "result" in state:
        recognizer.load_state_dict(state["weights"])
        engine.log.load_state_dict(state["log"])
        return UnimodalResult(**state["result"])
    result = _train_unimodal(config, model, data, name, file, engine)
    logger.info("%s alone: validation accuracy %.4f", name, result.accuracy)
    if engine.ranks.is_main:
        file.save(
            {
                "weights": recognizer.state_dict(),
                "log": engine.log.state_dict(),
                "result": result._asdict(),
            }
        )
    return result


def _train_unimodal(
    config: TrainConfig,
    model: AdaMML,
    data: RunData,
    name: Modality,
    file: StageFile,
    engine: Engine,
) -> UnimodalResult:
    stage = f"unimodal_{name}"
    generator = seed_stage(config.seed, stage)
    settings, recognizer = config.unimodal[name], model.recognizer(name)
    recognizer.load_state_dict(_new_recognizer(model.spec, name).state_dict())
    seed_rank(config.seed, stage, engine.ranks)
    trunk = recognizer.trunk
    prepare_trunk(config, trunk, data, name, engine)
    train, val = (
        cached_examples(recognizer, name, data, items, settings, engine)
        for items in (data.train, data.val)
    )
    trainer = UnimodalTrainer(recognizer, settings, generator=generator, engine=engine, stage=stage)
    drawn = train
    if settings.draws_sound:
        drawn = drawn_examples(recognizer, data, settings, seed=config.seed, engine=engine)
    accuracy = trainer.train(drawn, val, file=file)
    return UnimodalResult(
        accuracy=accuracy,
        train=_features(trunk, train, settings, engine),
        val=_features(trunk, val, settings, engine),
    )


def _features(trunk: Trunk, examples: Examples, settings: UnimodalConfig, engine: Engine) -> Tensor:
    if settings.pools_once:
        return examples.inputs.take(torch.arange(len(examples.inputs)))
    return features_from(trunk, examples.inputs, settings.frozen_stages, engine)


def prepare_trunk(
    config: TrainConfig, trunk: Trunk, data: RunData, name: Modality, engine: Engine
) -> None:
    """What a recognition network starts from, with statistics that fit its inputs, in place."""
    settings = config.unimodal[name]
    load_weights(trunk, settings.weights)
    if settings.calibrates_norm:
        stream = f"recognizer.{name}"
        calibrate_norm(trunk, data.cache, data.train, stream, seed=config.seed, engine=engine)


def _new_recognizer(spec: ModelSpec, name: Modality) -> Recognizer:
    """Fresh weights from torch's generator, so that a stage begins the same in any run."""
    modality = spec.modality(name)
    return Recognizer(modality.recognizer, name, spec.inputs, len(spec.labels))
