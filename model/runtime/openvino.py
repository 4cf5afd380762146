"""OpenvinoRuntime: executes a serving bundle with OpenVINO on the CPU. Never imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
import openvino
from numpy.typing import NDArray

from model.bundle import Bundle, read_bundle
from model.cores import num_cores
from model.runtime.base import Array, FusedLogits, InputArray, Judgement
from model.spec import Modality, ModelSpec

# Graphs that see pictures or sound run row by row: as fast as batches, with no kernels to compile
# when a number of rows is new, and answers that do not depend on who else is in the batch.
ROW_BY_ROW = ("policy_branch_", "recognizer_")


class OpenvinoRuntime:
    """Graphs are compiled once; calls may come from any number of threads."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """`threads` bounds the cores that one network uses; None: all that the process may use."""
        self._spec = bundle.spec
        self._version = bundle.version
        compiler = _Compiler(threads or num_cores())
        with ThreadPoolExecutor(num_cores()) as pool:
            networks = pool.map(compiler.compile, bundle.graphs, bundle.graphs.values())
            self._networks = dict(zip(bundle.graphs, networks, strict=True))

    @classmethod
    def load(cls, path: Path, *, threads: int | None = None) -> OpenvinoRuntime:
        """Raises BundleError for anything but a bundle."""
        return cls(read_bundle(path), threads=threads)

    @property
    def spec(self) -> ModelSpec:
        return self._spec

    @property
    def version(self) -> str:
        return self._version

    def policy_features(self, modality: Modality, inputs: InputArray) -> Array:
        return self._networks[f"policy_branch_{modality}"].by_row(inputs)

    def judge(self, features: Sequence[Array], available: NDArray[np.bool_]) -> Judgement:
        joined = np.concatenate(features, axis=1)
        joint, *exits = self._networks["policy_joint"](joined, available.astype(np.float32))
        return Judgement(np.concatenate(self._steps(joint)), exits[0] if exits else None)

    def _steps(self, joint: Array) -> list[Array]:
        """One step per segment, in order: (1, M, 2) logits each."""
        step = self._networks["policy_step"]
        state = [np.zeros((1, width), dtype=np.float32) for width in step.widths[1:]]
        steps = []
        for segment in range(len(joint)):
            logits, *state = step(joint[segment : segment + 1], *state)
            steps.append(logits)
        return steps

    def recognize(self, modality: Modality, inputs: InputArray) -> Array:
        return self._networks[f"recognizer_{modality}"].by_row(inputs)

    def fuse(self, logits: Array, decisions: NDArray[np.bool_]) -> FusedLogits:
        batch = (logits[np.newaxis], decisions[np.newaxis].astype(np.float32))
        segments, video = self._networks["fusion"](*batch)
        return FusedLogits(segments=segments[0], video=video[0])


class _Network:
    """A compiled graph, and as many sets of its buffers as calls ran at once."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._compiled = compiled
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each input."""
        shapes = [entry.get_partial_shape() for entry in self._compiled.inputs]
        return tuple(shape[-1].get_length() for shape in shapes)

    def __call__(self, *inputs: NDArray[np.generic]) -> list[Array]:
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._compiled.create_infer_request()
        try:
            outputs = request.infer([np.ascontiguousarray(one) for one in inputs])
            return [np.array(outputs[index]) for index in range(len(outputs))]
        finally:
            self._idle.put(request)

    def by_row(self, inputs: InputArray) -> Array:
        """(n, ...) -> (n, ...) of a graph compiled for one row."""
        return np.concatenate([self(inputs[row : row + 1])[0] for row in range(len(inputs))])


class _Compiler:
    def __init__(self, threads: int) -> None:
        self._core = openvino.Core()
        self._options = {
            # By default processors that have it compute in bfloat16, and answers would differ.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # Threads that may not move would wait for cores on which ffmpeg decodes.
            "ENABLE_CPU_PINNING": False,
        }

    def compile(self, name: str, graph: bytes) -> _Network:
        model = self._core.read_model(graph)
        if name.startswith(ROW_BY_ROW):
            (entry,) = model.inputs
            model.reshape([1, *list(entry.get_partial_shape())[1:]])
        return _Network(self._core.compile_model(model, "CPU", self._options))
