"""ONNX Runtime on one of a bundle's graphs: what ours is compared with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import onnxruntime

from benchmarks.paper_model import BUNDLE
from model.spec.dummy_inputs import Role
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality


def onnx_session(
    folder: Path, role: Role, name: Modality, *, threads: int
) -> Callable[[InputArray], object]:
    """Runs row by row as ours does, with as many threads and without spinning."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    graph = f"policy_branch_{name}.onnx" if role == "policy" else f"recognizer_{name}.onnx"
    with zipfile.ZipFile(folder / BUNDLE) as bundle:
        session = onnxruntime.InferenceSession(
            bundle.read(graph), sess_options=options, providers=["CPUExecutionProvider"]
        )
    (entry,) = session.get_inputs()
    return lambda inputs: [
        session.run(None, {entry.name: inputs[row : row + 1]}) for row in range(len(inputs))
    ]
