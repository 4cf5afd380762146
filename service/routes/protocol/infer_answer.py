"""The answer to an inference request: tensors as JSON, or after it in binary form."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Response

from model.inference.classification import Classification
from service.recognizer import Recognizer
from service.routes.protocol.infer_request import InferRequest
from service.uploads.tensor_body import HEAD_LENGTH_HEADER

DATATYPES = {"label": "BYTES", "score": "FP32", "gflops": "FP32"}
_VALUES: dict[str, Callable[[Classification], Any]] = {
    "label": lambda answer: answer.predictions[0].label,
    "score": lambda answer: answer.predictions[0].score,
    "gflops": lambda answer: answer.compute.macs / 1e9,
}


def infer_response(
    request: InferRequest, recognizer: Recognizer, answers: Sequence[Classification]
) -> Response:
    outputs, binary = [], []
    for name, is_binary in request.wanted().items():
        tensor = _tensor(name, answers)
        if is_binary:
            binary.append(_encoded(name, tensor.pop("data")))
            tensor["parameters"] = {"binary_data_size": len(binary[-1])}
        outputs.append(tensor)
    head: dict[str, Any] = {
        "model_name": recognizer.spec.name,
        "model_version": recognizer.version,
        "outputs": outputs,
    }
    if request.id is not None:
        head["id"] = request.id
    content = json.dumps(head).encode()
    if not binary:
        return Response(content, media_type="application/json")
    headers = {HEAD_LENGTH_HEADER: str(len(content))}
    body = b"".join((content, *binary))
    return Response(body, headers=headers, media_type="application/octet-stream")


def _tensor(name: str, answers: Sequence[Classification]) -> dict[str, Any]:
    return {
        "name": name,
        "datatype": DATATYPES[name],
        "shape": [len(answers)],
        "data": [_VALUES[name](answer) for answer in answers],
    }


def _encoded(name: str, values: list[Any]) -> bytes:
    """Little-endian; text with its length in four bytes before it."""
    if DATATYPES[name] == "FP32":
        return struct.pack(f"<{len(values)}f", *values)
    texts = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
