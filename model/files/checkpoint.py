"""Training checkpoints: one safetensors file with the weights, and the spec in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.files.atomic_file import write_atomically
from model.files.safetensors_header import SPEC_KEY, TRAINING_KEY, read_metadata
from model.networks import AdaMML
from model.spec.model_spec import ModelSpec
from model.spec.spec_json import SpecError, parse_spec


class CheckpointError(ValueError):
    """The file is not a checkpoint that this version understands; the message says why."""


def save_checkpoint(
    path: Path,
    model: AdaMML,
    *,
    spec: ModelSpec | None = None,
    training: Mapping[str, object] | None = None,
) -> None:
    """Write `model` atomically: `path` is either what it was or the whole new checkpoint.

    `spec` replaces the model's own, say after counting its costs. `training` is anything small
    that JSON can hold.

    Raises:
        CheckpointError: the weights do not fit the spec, or are not finite.
    """
    spec = spec or model.spec
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    check_tensors(spec, tensors)
    metadata = {SPEC_KEY: spec.model_dump_json(), TRAINING_KEY: json.dumps(dict(training or {}))}
    write_atomically(path, lambda file: save_file(tensors, file, metadata=metadata))


def load_model(path: Path) -> AdaMML:
    """The model of a checkpoint, on the CPU, in eval mode. Raises as `load_checkpoint`."""
    spec, tensors = load_checkpoint(path)
    model = AdaMML(spec)
    model.load_state_dict(tensors)
    return model.eval()


def load_checkpoint(path: Path) -> tuple[ModelSpec, dict[str, Tensor]]:
    """The spec and the weights, which fit each other.

    Raises:
        CheckpointError: it is not a checkpoint, or not of this version; the message says why.
        OSError: it cannot be read.
    """
    spec = read_spec(path)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    try:
        check_tensors(spec, tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    return spec, tensors


def read_spec(path: Path) -> ModelSpec:
    """The spec alone; the weights are not read."""
    metadata = _read_metadata(path)
    if SPEC_KEY not in metadata:
        raise CheckpointError(f"{path} has no spec in its metadata: safetensors, but not ours")
    try:
        return parse_spec(metadata[SPEC_KEY])
    except SpecError as error:
        raise CheckpointError(f"{path}: {error}") from error


def read_training(path: Path) -> dict[str, object]:
    """What `save_checkpoint` was given as `training`."""
    training: dict[str, object] = json.loads(_read_metadata(path).get(TRAINING_KEY, "{}"))
    return training


def _read_metadata(path: Path) -> dict[str, str]:
    try:
        return read_metadata(path)
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def check_tensors(spec: ModelSpec, tensors: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError unless `tensors` are exactly the weights of `spec`, and finite."""
    with torch.device("meta"):
        expected = AdaMML(spec).state_dict()
    if missing := expected.keys() - tensors.keys():
        raise CheckpointError(f"tensors are missing: {_listing(missing)}")
    if unexpected := tensors.keys() - expected.keys():
        raise CheckpointError(f"tensors are not part of the spec's model: {_listing(unexpected)}")
    for name, tensor in tensors.items():
        _check_tensor(name, tensor, expected[name])


def _check_tensor(name: str, tensor: Tensor, expected: Tensor) -> None:
    if tensor.shape != expected.shape:
        raise CheckpointError(
            f"{name} has the shape {tuple(tensor.shape)}; the spec needs {tuple(expected.shape)}"
        )
    if tensor.is_floating_point() != expected.is_floating_point():
        raise CheckpointError(f"{name} is of type {tensor.dtype}; the spec needs {expected.dtype}")
    if not tensor.isfinite().all():
        raise CheckpointError(f"{name} holds values that are not finite")


def _listing(names: set[str], shown: int = 3) -> str:
    first = ", ".join(sorted(names)[:shown])
    return first if len(names) <= shown else f"{first} and {len(names) - shown} more"
