"""Runtime: executing a model's networks. The classifier knows no more about weights than this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality, ModelSpec

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FusedLogits:
    segments: Array  # (S, K)
    video: Array  # (K,)


@dataclass(frozen=True, slots=True)
class PolicyOutput:
    """What the policy says of a video; `exit_logits` (S, K) where it has an exit head."""

    logits: Array  # (S, M, 2), index 1 = keep
    exit_logits: Array | None


class Runtime(Protocol):
    """S segments, M modalities in the spec's order, K classes. Calls may come from any thread."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def version(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of the file that was loaded."""
        ...

    @property
    def runs_by_row(self) -> bool:
        """Whether a row's result is the same, to the last bit, whatever rows are asked with it."""
        ...

    def policy_features(self, modality: Modality, inputs: InputArray) -> Array:
        """Inputs of the modality's proxy for S segments -> (S, D) features."""
        ...

    def policy_output(
        self, features: Sequence[Array], available: NDArray[np.bool_]
    ) -> PolicyOutput:
        """Per modality (S, D) features, and (S, M) availability."""
        ...

    def recognize(self, modality: Modality, inputs: InputArray) -> Array:
        """Inputs of n selected segments -> (n, K) class logits."""
        ...

    def fuse(self, logits: Array, decisions: NDArray[np.bool_]) -> FusedLogits:
        """(S, M, K) logits, zero where nothing ran, and (S, M) decisions -> fused logits.

        With an exit head it is the last of M + 1 rows.
        """
        ...


# float32 answers alike everywhere. bfloat16 has 8 bits of mantissa: several times as fast on a
# processor or GPU with matrix units for it, and answers then depend on the hardware.
Precision = Literal["f32", "bf16"]


class UnsupportedPrecisionError(ValueError):
    """The machine cannot compute so, or only slower than in float32."""
