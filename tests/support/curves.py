"""A hand-made accuracy/compute curve for the tiny model, and a bundle that has it."""

from model.files.bundle import read_bundle, write_bundle
from model.spec.model_spec import OperatingPoint

# The first and the last differ in segments alone; the last is written as old bundles have it.
CURVE = (
    OperatingPoint(threshold=0.62, accuracy=0.3, gflops=0.02, segments=1),
    OperatingPoint(threshold=0.9, accuracy=0.6, gflops=0.034, segments=2),
    OperatingPoint(threshold=0.62, accuracy=0.8, gflops=0.067),
)


def write_curved(bundle, path):
    """A copy of the tiny model's bundle, but with the curve; returns `path`."""
    plain = read_bundle(bundle)
    write_bundle(path, plain.spec.model_copy(update={"curve": CURVE}), plain.graphs)
    return path
