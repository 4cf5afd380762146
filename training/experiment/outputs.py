"""What a trained model says of a split, by cached inputs and cached outputs of frozen networks."""

# Dimensions: V videos, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from model.common.cores import num_cores
from model.files.checkpoint import load_model
from model.inference.decisions import keep_probabilities
from model.networks.adamml import AdaMML
from training.configuration.config import TrainConfig
from training.configuration.run_spec import make_input_spec
from training.data.cache import InputCache, Item
from training.data.run_data import RunData
from training.data.sources.manifest import Manifest, Split, read_manifest
from training.data.sources.sample import Sample
from training.data.views import View
from training.evaluation.evaluate import Outputs
from training.evaluation.view_features import view_features
from training.features.features import Features
from training.joint.objective import policy_outputs, recognition_logits
from training.run.engine import Engine


def split_outputs(
    config: TrainConfig, checkpoint: Path, split: Split, *, segments: int | None = None
) -> list[Outputs]:
    """As `training.evaluation.evaluate.compute_outputs`, for a `checkpoint` of the run `config`.

    Inputs are decoded once for all runs of a preset, and networks that runs share run once. But
    for spectrograms, which the cache holds in half precision, the inputs are those of serving.
    `segments` None: as many as are served by default.

    Raises:
        ValueError: not one video of the split could be decoded.
    """
    manifest = read_manifest(config.data.manifest)
    model = load_model(checkpoint)
    spec = make_input_spec(config, manifest.labels)
    cache = InputCache(config.data.cache, spec, config.data.limits)
    view = View(segments or model.spec.default_segments)
    workers = config.data.workers or num_cores()
    built = cache.build(manifest.split(split), [view], workers=workers, name=split)
    items: list[Item] = [(sample, view) for sample in built.samples]
    data = RunData(cache, manifest, model.spec.modality_names, train=(), val=items)
    features = view_features(config, model, data, items, Engine())
    return _outputs(model, features, manifest, [sample for sample, _ in items])


@torch.no_grad()
def _outputs(
    model: AdaMML, features: Features, manifest: Manifest, samples: Sequence[Sample]
) -> list[Outputs]:
    model.eval()
    policy = policy_outputs(model, features)
    probabilities = keep_probabilities(policy.logits.numpy(), model.spec.policy.returns)
    available = features.available.numpy()
    logits = recognition_logits(model, features).numpy() * available[..., None]
    exits = None if policy.exit_logits is None else policy.exit_logits.numpy()
    return [
        Outputs(
            probabilities=probabilities[row],
            available=available[row],
            logits=logits[row],
            exit_logits=None if exits is None else exits[row],
            labels=tuple(manifest.indices(sample)),
            group=sample.group,
        )
        for row, sample in enumerate(samples)
    ]
