"""From the authors' released checkpoints to ours."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from model.files.checkpoint import CheckpointError, check_tensors, save_checkpoint
from model.files.reference_layout import LayoutError, infer_spec, our_name
from model.networks import AdaMML
from model.networks.cost import with_costs
from model.spec.model_spec import ModelSpec
from model.spec.spec_json import reasons


def convert_checkpoint(source: Path, target: Path, *, labels: Sequence[str]) -> ModelSpec:
    """Convert a file of the published implementation into a checkpoint of ours at `target`.

    The model is named after `target`. Nothing in the file is executed.

    Raises:
        CheckpointError: the file is refused, does not fit the labels, or has tensors of no use.
    """
    tensors = load_reference(source)
    try:
        spec, ours = convert_tensors(tensors, name=target.stem, labels=labels)
    except ValidationError as error:
        raise CheckpointError(f"{source} does not make a spec: {reasons(error)}") from error
    except (CheckpointError, LayoutError) as error:
        raise CheckpointError(f"{source}: {error}") from error
    spec = with_costs(spec.model_copy(update={"provenance": _provenance(source, spec)}))
    model = AdaMML(spec)
    model.load_state_dict(ours)
    save_checkpoint(target, model)
    return spec


def load_reference(path: Path) -> dict[str, Tensor]:
    """The state dict of a torch.save file, without the prefix that data parallelism adds."""
    try:
        content = _load(path)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is refused: it is not a torch file of tensors and plain values alone, and"
            f" loading anything else can run code from the file ({_first_line(error)})"
        ) from error
    except (RuntimeError, EOFError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not a torch file: {_first_line(error)}") from error
    tensors = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(tensors, dict) or not tensors:
        raise CheckpointError(f"{path} has no state_dict; is it a checkpoint of IBM/AdaMML?")
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path}: {name!r} in its state_dict is not a tensor")
    return {name.removeprefix("module."): value for name, value in tensors.items()}


def _load(path: Path) -> object:
    """Whatever torch.load makes of the file; an OSError is about opening it, and only that."""
    with path.open("rb") as file:
        try:
            return torch.load(file, map_location="cpu", weights_only=True)
        except OSError as error:  # what torch raises of a truncated archive
            raise ValueError(str(error)) from error


def convert_tensors(
    tensors: Mapping[str, Tensor], *, name: str, labels: Sequence[str]
) -> tuple[ModelSpec, dict[str, Tensor]]:
    """The spec and our state dict of the reference's; every tensor is used or refused by name."""
    spec = infer_spec(tensors, name=name, labels=labels)
    converted = {}
    for theirs, tensor in tensors.items():
        ours = our_name(theirs, spec.modality_names)
        if ours is None:
            raise LayoutError(f"the tensor {theirs} is not part of a model that can be converted")
        converted[ours] = tensor
    check_tensors(spec, converted)
    return spec, converted


def _provenance(source: Path, spec: ModelSpec) -> dict[str, str]:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    provenance = {"converted_from": source.name, "converted_from_sha256": digest}
    if "flow" in spec.modality_names:
        provenance["flow"] = "trained on TV-L1 flow, served with the flow of `inputs`"
    return provenance


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
