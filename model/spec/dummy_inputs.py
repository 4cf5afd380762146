"""Dummy inputs of the right shape and type: for warming up, exporting and counting."""

from __future__ import annotations

from typing import Literal

import numpy as np

from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality, ModelSpec

# Which of a modality's two networks.
Role = Literal["policy", "recognizer"]


def dummy_inputs(spec: ModelSpec, name: Modality, *, role: Role, rows: int = 1) -> InputArray:
    """Black images (rows, F, crop, crop, C) uint8, or silence (rows, frequencies, times)."""
    modality = spec.modality(name)
    network = modality.policy if role == "policy" else modality.recognizer
    source = modality.proxy if role == "policy" else modality.name
    if source == "audio":
        level = np.log(spec.inputs.audio.log_epsilon)
        return np.full((rows, *spec.inputs.audio.shape), level, dtype=np.float32)
    side = spec.inputs.crop
    shape = (rows, network.frames, side, side, spec.inputs.channels(source))
    return np.zeros(shape, dtype=np.uint8)
