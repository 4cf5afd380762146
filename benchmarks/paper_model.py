"""The paper's RGB, flow and audio networks with random weights, and inputs for them."""

# Dimensions: S segments, M modalities.

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.files.export import export_bundle
from model.networks.adamml import AdaMML
from model.networks.cost import with_costs
from model.networks.trunk import Trunk
from model.runtime.openvino import OpenvinoRuntime
from model.spec.dummy_inputs import Role, dummy_inputs
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality, ModelSpec
from model.spec.presets import preset

LABELS = tuple(f"class {number}" for number in range(31))
SEGMENTS = 10
# The file below the folder of `paper_runtime`.
BUNDLE = "paper.adamml"
# Of ten segments, in turn: on average the rates of the paper's Table 3, AdaMML-RGBDiff, which are
# 55.06, 26.82 and 95.12 %.
KEPT: dict[Modality, tuple[int, ...]] = {"rgb": (5, 6), "flow": (3, 3, 2), "audio": (10, 9)}
# Rounds after which every combination has come equally often.
ROUNDS = 6


def paper_model() -> AdaMML:
    torch.manual_seed(0)
    spec = preset("rgb-audio-flow", LABELS)
    return AdaMML(with_costs(spec)).eval()


def paper_runtime(model: AdaMML, folder: Path, *, threads: int) -> OpenvinoRuntime:
    path = folder / BUNDLE
    export_bundle(model, path)
    return OpenvinoRuntime.load(path, threads=threads)


def random_inputs(spec: ModelSpec, name: Modality, *, role: Role, rows: int) -> InputArray:
    """Of the shape and type of real ones; the time that networks take does not depend on more."""
    generator = np.random.default_rng(0)
    dummy = dummy_inputs(spec, name, role=role, rows=rows)
    if dummy.dtype == np.uint8:
        return generator.integers(0, 256, dummy.shape, dtype=np.uint8)
    return generator.normal(-7, 4, dummy.shape).astype(np.float32)


def plain_images(trunk: Trunk, inputs: InputArray) -> torch.Tensor:
    """(B*F, C, H, W): what the published implementation's data loader hands to its networks,
    normalised floats in torch's own layout."""
    return trunk.preprocess.normalize(torch.from_numpy(inputs)).contiguous()


def decisions(spec: ModelSpec, turn: int) -> NDArray[np.bool_]:
    """(S, M) spread evenly over the segments."""
    selected = np.zeros((SEGMENTS, len(spec.modalities)), dtype=np.bool_)
    for column, name in enumerate(spec.modality_names):
        kept = KEPT[name][turn % len(KEPT[name])]
        rows = np.floor((np.arange(kept) + 0.5) * SEGMENTS / kept).astype(int)
        selected[rows, column] = True
    return selected
