"""The table of class logits that the fusion reads: modalities, then an exit head."""

from __future__ import annotations

import numpy as np

from model.decisions import BoolArray, Choices
from model.runtime.base import Array
from model.spec import ModelSpec


def evidence(spec: ModelSpec, choices: Choices) -> tuple[Array, BoolArray]:
    """(S, F, K) logits and (S, F) flags of what counts; F is `spec.num_fused`.

    The modalities' rows are zeros that wait for their networks. An exit head's row, the last,
    counts in every segment where the policy ran.
    """
    segments = len(choices.selected)
    logits: Array = np.zeros((segments, spec.num_fused, len(spec.labels)), dtype=np.float32)
    kept = np.zeros(logits.shape[:2], dtype=np.bool_)
    kept[:, : len(spec.modalities)] = choices.selected
    if choices.exit_logits is not None:
        logits[:, -1], kept[:, -1] = choices.exit_logits, True
    return logits, kept
