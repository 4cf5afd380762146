"""The text a safetensors file carries beside its tensors, read without torch or safetensors."""

from __future__ import annotations

import json
from pathlib import Path

# What our checkpoints keep there.
SPEC_KEY = "adamml.spec"
TRAINING_KEY = "adamml.training"
# The format's own ceiling for its header.
MAX_HEADER_BYTES = 100_000_000


def read_metadata(path: Path) -> dict[str, str]:
    """The `__metadata__` of the file, empty when it has none.

    A file is a little-endian 64-bit length, a JSON header of that many bytes, then the tensors.

    Raises:
        ValueError: it is not a safetensors file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= MAX_HEADER_BYTES else b""
    try:
        fields = json.loads(header)
        metadata = fields.get("__metadata__", {}).items()
    except (ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is not a safetensors file") from error
    return {str(key): str(value) for key, value in metadata}
