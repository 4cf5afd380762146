"""OnnxRuntime: executes a serving bundle with ONNX Runtime on the CPU. Never imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model.bundle import Bundle, read_bundle
from model.runtime.base import Array, FusedLogits, InputArray, Judgement
from model.spec import Modality, ModelSpec

# Rows a recognition graph runs at once: bounds the activations' memory for 64 segments.
MAX_ROWS = 8


class OnnxRuntime:
    """Sessions are made once; `run` may be called from any number of threads."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """`threads` bounds the cores that one network uses; None: all that the process may use."""
        self._spec = bundle.spec
        self._version = bundle.version
        options = _session_options(threads)
        self._sessions = {
            name: onnxruntime.InferenceSession(
                graph, sess_options=options, providers=["CPUExecutionProvider"]
            )
            for name, graph in bundle.graphs.items()
        }

    @classmethod
    def load(cls, path: Path, *, threads: int | None = None) -> OnnxRuntime:
        """Raises BundleError for anything but a bundle."""
        return cls(read_bundle(path), threads=threads)

    @property
    def spec(self) -> ModelSpec:
        return self._spec

    @property
    def version(self) -> str:
        return self._version

    def policy_features(self, modality: Modality, inputs: InputArray) -> Array:
        return self._in_chunks(f"policy_branch_{modality}", inputs)

    def judge(self, features: Sequence[Array], available: NDArray[np.bool_]) -> Judgement:
        joined = np.concatenate(features, axis=1)
        joint, *exits = self._run("policy_joint", joined, available.astype(np.float32))
        return Judgement(np.concatenate(self._steps(joint)), exits[0] if exits else None)

    def _steps(self, joint: Array) -> list[Array]:
        """One step per segment, in order: (1, M, 2) logits each."""
        state = self._initial_state()
        steps = []
        for segment in range(len(joint)):
            logits, *state = self._run("policy_step", joint[segment : segment + 1], *state)
            steps.append(logits)
        return steps

    def _initial_state(self) -> list[Array]:
        inputs = self._sessions["policy_step"].get_inputs()[1:]
        return [np.zeros((1, *entry.shape[1:]), dtype=np.float32) for entry in inputs]

    def recognize(self, modality: Modality, inputs: InputArray) -> Array:
        return self._in_chunks(f"recognizer_{modality}", inputs)

    def fuse(self, logits: Array, decisions: NDArray[np.bool_]) -> FusedLogits:
        batch = (logits[np.newaxis], decisions[np.newaxis].astype(np.float32))
        segments, video = self._run("fusion", *batch)
        return FusedLogits(segments=segments[0], video=video[0])

    def _in_chunks(self, name: str, inputs: InputArray) -> Array:
        chunks = [
            self._run(name, inputs[start : start + MAX_ROWS])[0]
            for start in range(0, len(inputs), MAX_ROWS)
        ]
        return np.concatenate(chunks)

    def _run(self, name: str, *inputs: NDArray[np.generic]) -> list[Array]:
        session = self._sessions[name]
        names = (entry.name for entry in session.get_inputs())
        outputs: list[Array] = session.run(None, dict(zip(names, inputs, strict=True)))
        return outputs


def _session_options(threads: int | None) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    # Idle workers that spin would take the cores from the decoding processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
