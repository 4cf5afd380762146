"""TorchRuntime: executes a training checkpoint with torch, on a CPU or a CUDA device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.files.bundle import file_version
from model.files.checkpoint import load_model
from model.networks.adamml import AdaMML
from model.networks.fold_batch_norm import fold_batch_norm
from model.runtime.base import Array, FusedLogits, PolicyOutput, Precision
from model.runtime.shared_batches import SharedBatches
from model.spec.dummy_inputs import Role
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality, ModelSpec

# On a GPU a larger batch costs little more, so that segments of concurrent requests are put
# together; on a CPU it costs in proportion, and nobody should wait.
SHARING_WAIT_SECONDS = 0.002
SHARING_MAX_ROWS = 64

_Network = tuple[Role, Modality]


class TorchRuntime:
    """The model's own modules in eval mode; calls may come from any thread."""

    def __init__(
        self,
        model: AdaMML,
        version: str,
        *,
        device: torch.device,
        precision: Precision = "f32",
        shares_batches: bool | None = None,
    ) -> None:
        """`shares_batches` None: on CUDA."""
        # Convolutions are fastest so, on CPUs too; values do not depend on it.
        self._model = model.to(device).to(memory_format=torch.channels_last).eval()
        self._version = version
        self._device = device
        self._precision = precision
        is_cuda = device.type == "cuda"
        if is_cuda:
            compute_exactly()
        shares = is_cuda if shares_batches is None else shares_batches
        self._run: Callable[[_Network, InputArray], Array] = self._run_alone
        if shares:
            self._run = SharedBatches(
                self._run_alone, wait_seconds=SHARING_WAIT_SECONDS, max_rows=SHARING_MAX_ROWS
            )

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        threads: int | None = None,
        precision: Precision = "f32",
        device: str | None = None,
    ) -> TorchRuntime:
        """`device` None: CUDA when there is one. Raises CheckpointError for anything else."""
        if threads:
            torch.set_num_threads(threads)
        name = device or ("cuda" if torch.cuda.is_available() else "cpu")
        model = load_model(path).eval()
        fold_batch_norm(model)
        where = torch.device(name)
        return cls(model, file_version(path), device=where, precision=precision)

    @property
    def spec(self) -> ModelSpec:
        return self._model.spec

    @property
    def version(self) -> str:
        return self._version

    @property
    def runs_by_row(self) -> bool:
        return False

    def policy_features(self, modality: Modality, inputs: InputArray) -> Array:
        return self._run(("policy", modality), inputs)

    @torch.inference_mode()
    def policy_output(
        self, features: Sequence[Array], available: NDArray[np.bool_]
    ) -> PolicyOutput:
        rows = [self._tensor(part) for part in features]
        joint, exits = self._model.policy.joint(rows, self._tensor(available))
        logits = self._model.policy.recur(joint.unsqueeze(0)).squeeze(0)
        return PolicyOutput(_array(logits), None if exits is None else _array(exits))

    def recognize(self, modality: Modality, inputs: InputArray) -> Array:
        return self._run(("recognizer", modality), inputs)

    @torch.inference_mode()
    def _run_alone(self, network: _Network, inputs: InputArray) -> Array:
        role, modality = network
        tensor = self._tensor(inputs)
        with torch.autocast(
            self._device.type, dtype=torch.bfloat16, enabled=self._precision == "bf16"
        ):
            if role == "policy":
                return _array(self._model.policy.branch_features(modality, tensor))
            return _array(self._model.recognizer(modality)(tensor))

    @torch.inference_mode()
    def fuse(self, logits: Array, decisions: NDArray[np.bool_]) -> FusedLogits:
        fused = self._model.fusion(self._tensor(logits), self._tensor(decisions))
        return FusedLogits(segments=_array(fused.segments), video=_array(fused.video))

    def _tensor(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


def compute_exactly() -> None:
    """For the whole process: by default a GPU convolves in TF32, whose 10 bits of mantissa make
    answers differ from a CPU's by more than rounding."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def _array(tensor: torch.Tensor) -> Array:
    array: Array = tensor.float().cpu().numpy()
    return array
