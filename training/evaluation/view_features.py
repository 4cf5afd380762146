"""Views of videos pooled by the networks as they are now, for measuring a trained model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from model.networks.adamml import AdaMML
from training.configuration.config import TrainConfig
from training.data.cache import Item
from training.data.run_data import RunData
from training.features.features import Features, JointData
from training.features.pooling import pool_all
from training.features.stage_outputs import pooled_features
from training.joint.training_data import joint_features, raw_data
from training.run.engine import Engine


def curve_features(
    config: TrainConfig, model: AdaMML, data: RunData, engine: Engine
) -> Iterator[Features]:
    """Validation with other numbers of segments than the model's own, one number at a time.

    Placed over the whole video as serving places them: some of ten segments would not be those.
    """
    for items in data.curve.values():
        yield view_features(config, model, data, items, engine)


def view_features(
    config: TrainConfig, model: AdaMML, data: RunData, items: Sequence[Item], engine: Engine
) -> Features:
    """Of `items`, whose inputs are cached; where networks are frozen, their outputs are as well."""
    rows: JointData
    if config.joint.end_to_end:
        rows = raw_data(model, data, items)
    else:
        trunks = {name: model.recognizer(name).trunk for name in model.spec.modality_names}
        recognition = {
            name: pooled_features(trunk, data.cache, items, f"recognizer.{name}", engine)
            for name, trunk in trunks.items()
        }
        rows = joint_features(model, data, items, recognition, engine)
    return pool_all(model, rows, engine, batch_videos=config.joint.batch_videos)
