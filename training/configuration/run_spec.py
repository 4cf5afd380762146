"""The spec that a run trains: a ready-made one, or one from a file, with what [model] changes."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from model.networks.cost import with_costs
from model.spec.model_spec import Modality, ModalitySpec, ModelSpec
from model.spec.presets import preset
from model.spec.spec_json import parse_spec
from training.configuration.config import ModelConfig, PolicyOverrides, TrainConfig
from training.configuration.recipe import UnimodalConfig


def make_spec(config: TrainConfig, labels: tuple[str, ...]) -> ModelSpec:
    """The run's spec under the run's name, with its costs.

    Raises:
        ValueError: there is no such preset, the file holds no spec, or the settings do not fit it.
    """
    whole = make_input_spec(config, labels)
    chosen = config.model.modalities or whole.modality_names
    _require_known(config, chosen, whole)
    _require_named(config, chosen)
    modalities = [
        _with_dropout(_with_proxy(modality, config.model), config.unimodal[modality.name])
        for modality in whole.modalities
        if modality.name in chosen
    ]
    if config.model.policy.hears_by_recognizer:
        modalities = [_with_one_ear(modality) for modality in modalities]
    spec = whole.model_copy(
        update={
            "modalities": tuple(modalities),
            "policy": whole.policy.model_copy(update=_policy_changes(config.model.policy)),
            "fusion": whole.fusion.model_copy(update=_given(config.model.fusion)),
        }
    )
    if config.joint.mixes_modalities and spec.policy.exits:
        raise ValueError("joint.mixes_modalities needs model.policy.exits = false")
    return with_costs(ModelSpec.model_validate(spec.model_dump()))


def make_input_spec(config: TrainConfig, labels: tuple[str, ...]) -> ModelSpec:
    """The spec by which inputs are decoded: of all the preset's modalities, whichever are trained.

    So runs of one preset share their cache.
    """
    spec = _preset(config.preset, labels)
    changes: dict[str, object] = {"name": config.name, "labels": labels}
    for name in ("train_segments", "eval_segments"):
        if (number := getattr(config.model, name)) is not None:
            changes[name] = number
    changes["modalities"] = tuple(_with_cached_proxy(m, config.model) for m in spec.modalities)
    return ModelSpec.model_validate(spec.model_copy(update=changes).model_dump())


def _preset(name: str, labels: tuple[str, ...]) -> ModelSpec:
    if not name.endswith(".json"):
        return preset(name, labels)
    return parse_spec(Path(name).read_text(encoding="utf-8"))


def _require_known(config: TrainConfig, chosen: tuple[Modality, ...], whole: ModelSpec) -> None:
    for table, names in (("[unimodal]", set(config.unimodal)), ("model.modalities", set(chosen))):
        if not names <= set(whole.modality_names) or not names >= set(chosen):
            raise ValueError(
                f"{table} has {sorted(names)}; the preset {config.preset!r} offers"
                f" {sorted(whole.modality_names)}, and {sorted(chosen)} are trained"
            )


def _require_named(config: TrainConfig, chosen: tuple[Modality, ...]) -> None:
    """The joint stages' tables by modality name every one that is trained."""
    for key in ("cost_weights", "random_policy"):
        named = getattr(config.joint, key)
        if named is not None and (missing := set(chosen) - set(named)):
            raise ValueError(f"joint.{key} has {sorted(named)}; it lacks {sorted(missing)}")


def _with_proxy(modality: ModalitySpec, config: ModelConfig) -> ModalitySpec:
    if modality.name != "flow" or config.flow_proxy is None:
        return modality
    return modality.model_copy(update={"proxy": config.flow_proxy})


def _with_one_ear(modality: ModalitySpec) -> ModalitySpec:
    """The policy hears by a network like the recogniser's."""
    if modality.name != "audio":
        return modality
    return modality.model_copy(update={"policy": modality.recognizer})


def _with_cached_proxy(modality: ModalitySpec, config: ModelConfig) -> ModalitySpec:
    """The preset's where flow itself is asked for and cached anyway: `RunData.policy_stream`."""
    changed = _with_proxy(modality, config)
    shares = changed.proxy == "flow" and changed.policy.frames == changed.recognizer.frames
    return modality if shares else changed


def _with_dropout(modality: ModalitySpec, config: UnimodalConfig) -> ModalitySpec:
    if config.dropout is None:
        return modality
    network = modality.recognizer.model_copy(update={"dropout": config.dropout})
    return modality.model_copy(update={"recognizer": network})


def _policy_changes(overrides: PolicyOverrides) -> dict[str, object]:
    changes = _given(overrides)
    del changes["hears_by_recognizer"]
    if changes.get("lstm_width") == 0:
        # TOML has no null; and without an LSTM there is nothing to feed logits back to.
        changes |= {"lstm_width": None, "feeds_back_logits": False}
    return changes


def _given(overrides: BaseModel) -> dict[str, object]:
    """The fields that were set."""
    return {name: value for name, value in overrides if value is not None}
