"""OpenvinoRuntime: executes a serving bundle with OpenVINO on the CPU. Never imports torch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from model.common.cores import num_cores
from model.files.bundle import Bundle, read_bundle
from model.runtime.base import (
    Array,
    FusedLogits,
    PolicyOutput,
    Precision,
    UnsupportedPrecisionError,
)
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality, ModelSpec

# Importing openvino sends an event over the network and leaves an identifier in the user's home,
# unasked, and costs a start 0.1 s; where its telemetry package is missing it does without.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

# Of a policy branch, which looks at every segment: so many at a time, on a share of the threads
# each, is faster than one after the other on all of them. More would be idle for few segments.
MAX_STREAMS = 4
# Graphs that see pictures or hear sound: nearly all of the multiply-adds.
TRUNKS = ("policy_branch_", "recognizer_")


class OpenvinoRuntime:
    """Graphs are compiled once; calls may come from any number of threads."""

    def __init__(
        self, bundle: Bundle, *, threads: int | None = None, precision: Precision = "f32"
    ) -> None:
        """`threads` bounds the cores that one network uses; None: all that the process may use.

        Raises UnsupportedPrecisionError where the processor has no units for `precision`.
        """
        self._spec = bundle.spec
        self._version = bundle.version
        compiler = _Compiler(threads or num_cores(), precision)
        # The largest first, or the last one would keep a single core busy.
        graphs = dict(sorted(bundle.graphs.items(), key=lambda item: len(item[1]), reverse=True))
        with ThreadPoolExecutor(num_cores()) as pool:
            networks = pool.map(compiler.compile, graphs, graphs.values())
            self._networks = dict(zip(graphs, networks, strict=True))

    @classmethod
    def load(
        cls, path: Path, *, threads: int | None = None, precision: Precision = "f32"
    ) -> OpenvinoRuntime:
        """Raises BundleError for anything but a bundle, and what the constructor raises."""
        return cls(read_bundle(path), threads=threads, precision=precision)

    @property
    def spec(self) -> ModelSpec:
        return self._spec

    @property
    def version(self) -> str:
        return self._version

    @property
    def runs_by_row(self) -> bool:
        return True

    def policy_features(self, modality: Modality, inputs: InputArray) -> Array:
        return self._networks[f"policy_branch_{modality}"].by_row(inputs)

    def policy_output(
        self, features: Sequence[Array], available: NDArray[np.bool_]
    ) -> PolicyOutput:
        joined = np.concatenate(features, axis=1)
        joint, *exits = self._networks["policy_joint"](joined, available.astype(np.float32))
        return PolicyOutput(np.concatenate(self._steps(joint)), exits[0] if exits else None)

    def _steps(self, joint: Array) -> list[Array]:
        """One step per segment, in order: (1, M, 2) logits each."""
        step = self._networks["policy_step"]
        if self._spec.policy.sees_whole:
            whole = np.broadcast_to(joint.max(axis=0), joint.shape)
            joint = np.concatenate([joint, whole], axis=1)
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
        self._streams: int = compiled.get_property("NUM_STREAMS")
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each input."""
        shapes = [entry.get_partial_shape() for entry in self._compiled.inputs]
        return tuple(shape[-1].get_length() for shape in shapes)

    def __call__(self, *inputs: NDArray[np.generic]) -> list[Array]:
        with self._requests(1) as (request,):
            outputs = request.infer([np.ascontiguousarray(one) for one in inputs])
            return [np.array(outputs[index]) for index in range(len(outputs))]

    def by_row(self, inputs: InputArray) -> Array:
        """(n, ...) -> (n, ...), each row alone: answers do not depend on what else is asked. As
        many rows at a time as the network has streams."""
        rows: list[Array] = []
        with self._requests(min(self._streams, len(inputs))) as requests:
            for row in range(len(inputs) + len(requests)):
                request = requests[row % len(requests)]
                if row >= len(requests):
                    request.wait()
                    rows.append(np.array(request.get_output_tensor(0).data))
                if row < len(inputs):
                    request.start_async([np.ascontiguousarray(inputs[row : row + 1])])
        return np.concatenate(rows)

    @contextmanager
    def _requests(self, count: int) -> Iterator[list[openvino.InferRequest]]:
        """Given back when they are at rest."""
        requests = [self._request() for _ in range(count)]
        try:
            yield requests
        finally:
            for request in requests:
                request.wait()
                self._idle.put(request)

    def _request(self) -> openvino.InferRequest:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._compiled.create_infer_request()


class _Compiler:
    def __init__(self, threads: int, precision: Precision) -> None:
        self._core = openvino.Core()
        self._precision = precision
        self._require(precision)
        self._streams = min(threads, MAX_STREAMS)
        self._options = {
            "INFERENCE_NUM_THREADS": threads,
            # Threads that may not move would wait for cores on which ffmpeg decodes.
            "ENABLE_CPU_PINNING": False,
        }

    def _require(self, precision: Precision) -> None:
        """Without units for it OpenVINO would silently compute in float32."""
        able = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and "BF16" not in able:
            raise UnsupportedPrecisionError(
                "this processor has no bfloat16 units (AVX512_BF16 or AMX); precision may be f32"
            )

    def compile(self, name: str, graph: bytes) -> _Network:
        # What decides and fuses takes no time, and is exact always. By default processors that
        # have bfloat16 would use it everywhere, and answers would differ.
        precision = self._precision if name.startswith(TRUNKS) else "f32"
        streams = self._streams if name.startswith("policy_branch_") else 1
        options = {**self._options, "INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": streams}
        model = self._core.read_model(graph)
        return _Network(self._core.compile_model(model, "CPU", options))
