"""From a model file to a Classifier: a bundle runs on OpenVINO, a checkpoint on torch."""

from __future__ import annotations

import zipfile
from pathlib import Path

from model.classifier import Classifier
from model.inputs.limits import DecodeLimits
from model.runtime.base import Runtime
from model.runtime.openvino import OpenvinoRuntime

BUNDLED_MODEL = Path(__file__).parent / "bundled" / "av13.adamml"


def load_classifier(
    path: Path | None = None,
    *,
    threads: int | None = None,
    limits: DecodeLimits | None = None,
) -> Classifier:
    """Load `path`, or the bundled model. Torch is imported for checkpoints only.

    Raises:
        OSError: the file cannot be read.
        BundleError, CheckpointError: it is neither a bundle nor a checkpoint of this version.
    """
    return Classifier(load_runtime(path or BUNDLED_MODEL, threads=threads), limits=limits)


def load_runtime(path: Path, *, threads: int | None = None) -> Runtime:
    """The runtime that executes `path`, told apart by content: a bundle is a zip file."""
    if zipfile.is_zipfile(path):
        return OpenvinoRuntime.load(path, threads=threads)
    path.stat()  # A missing file must not ask for torch first.
    from model.runtime.torch import TorchRuntime

    return TorchRuntime.load(path, threads=threads)
