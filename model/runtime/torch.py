"""TorchRuntime: executes a training checkpoint with torch, on a CPU or a CUDA device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.bundle import file_version
from model.checkpoint import load_model
from model.networks.adamml import AdaMML
from model.runtime.base import Array, FusedLogits, InputArray, Judgement
from model.spec import Modality, ModelSpec


class TorchRuntime:
    """The model's own modules in eval mode; calls may come from any thread."""

    def __init__(self, model: AdaMML, version: str, *, device: torch.device) -> None:
        self._model = model.to(device).eval()
        self._version = version
        self._device = device

    @classmethod
    def load(
        cls, path: Path, *, threads: int | None = None, device: str | None = None
    ) -> TorchRuntime:
        """`device` None: CUDA when there is one. Raises CheckpointError for anything else."""
        if threads:
            torch.set_num_threads(threads)
        name = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(load_model(path), file_version(path), device=torch.device(name))

    @property
    def spec(self) -> ModelSpec:
        return self._model.spec

    @property
    def version(self) -> str:
        return self._version

    @torch.inference_mode()
    def policy_features(self, modality: Modality, inputs: InputArray) -> Array:
        return _array(self._model.policy.branch_features(modality, self._tensor(inputs)))

    @torch.inference_mode()
    def judge(self, features: Sequence[Array], available: NDArray[np.bool_]) -> Judgement:
        rows = [self._tensor(part) for part in features]
        joint, exits = self._model.policy.joint(rows, self._tensor(available))
        logits = self._model.policy.recur(joint.unsqueeze(0)).squeeze(0)
        return Judgement(_array(logits), None if exits is None else _array(exits))

    @torch.inference_mode()
    def recognize(self, modality: Modality, inputs: InputArray) -> Array:
        return _array(self._model.recognizer(modality)(self._tensor(inputs)))

    @torch.inference_mode()
    def fuse(self, logits: Array, decisions: NDArray[np.bool_]) -> FusedLogits:
        fused = self._model.fusion(self._tensor(logits), self._tensor(decisions))
        return FusedLogits(segments=_array(fused.segments), video=_array(fused.video))

    def _tensor(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


def _array(tensor: torch.Tensor) -> Array:
    array: Array = tensor.cpu().numpy()
    return array
