"""From a model file to a Classifier: a bundle runs on OpenVINO, a checkpoint on torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model.files.bundle import is_bundle
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.runtime.base import Precision, Runtime
from model.runtime.openvino import OpenvinoRuntime

if TYPE_CHECKING:
    from model.inference.classifier import Classifier

BUNDLED_MODEL = Path(__file__).parents[1] / "bundled" / "av13.adamml"


def load_classifier(
    path: Path | None = None,
    *,
    threads: int | None = None,
    precision: Precision = "f32",
    limits: DecodeLimits | None = None,
) -> Classifier:
    """Load `path`, or the bundled model. Torch is imported for checkpoints only.

    Raises:
        OSError: the file cannot be read.
        BundleError, CheckpointError: it is neither a bundle nor a checkpoint of this version.
        UnsupportedPrecisionError: the processor has no units for `precision`.
    """
    from model.inference.classifier import Classifier

    return Classifier(load_runtime(path, threads=threads, precision=precision), limits=limits)


def load_runtime(
    path: Path | None = None, *, threads: int | None = None, precision: Precision = "f32"
) -> Runtime:
    """The runtime that executes `path`, told apart by content: a bundle is a zip file.

    Raises what `load_classifier` raises.
    """
    path = path or BUNDLED_MODEL
    if is_bundle(path):
        return OpenvinoRuntime.load(path, threads=threads, precision=precision)
    from model.runtime.torch import TorchRuntime

    return TorchRuntime.load(path, threads=threads, precision=precision)
