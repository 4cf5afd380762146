"""The spec that a run trains: a ready-made one, or one from a file, for the manifest's labels."""

from __future__ import annotations

from pathlib import Path

from model.cost import with_costs
from model.presets import preset
from model.spec import ModelSpec
from model.spec_json import parse_spec
from training.config import TrainConfig
from training.manifest import Manifest


def make_spec(config: TrainConfig, manifest: Manifest) -> ModelSpec:
    """The run's spec under the run's name, with its costs.

    Raises:
        ValueError: there is no such preset, the file holds no spec, or [unimodal] does not fit.
    """
    chosen = _chosen(config.preset, manifest.labels)
    spec = chosen.model_copy(update={"name": config.name, "labels": manifest.labels})
    if set(config.unimodal) != set(spec.modality_names):
        raise ValueError(
            f"[unimodal] has {sorted(config.unimodal)}; the preset {config.preset!r} needs"
            f" {sorted(spec.modality_names)}"
        )
    return with_costs(spec)


def _chosen(name: str, labels: tuple[str, ...]) -> ModelSpec:
    if not name.endswith(".json"):
        return preset(name, labels)
    return parse_spec(Path(name).read_text(encoding="utf-8"))
