"""Storing an ONNX graph's weights in half precision where that loses nothing."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

# Smaller tensors are not worth a node of their own.
MIN_ELEMENTS = 256


def store_as_half(model: onnx.ModelProto) -> int:
    """Replace float32 initialisers that float16 holds exactly by float16 plus a Cast, in place.

    OpenVINO folds the casts when it loads the graph, so what runs is float32 as before.
    Returns the number of replaced tensors.
    """
    casts = []
    for position, tensor in enumerate(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MIN_ELEMENTS:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        stored = f"{tensor.name}.half"
        casts.append(
            onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT)
        )
        model.graph.initializer[position].CopyFrom(numpy_helper.from_array(half, stored))
    # In front: an ONNX graph is sorted, every value before its first use.
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return len(casts)
