"""Networks alone, at paper size: ours against eager torch and ONNX Runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch

from benchmarks.interleaved import Timings, interleave
from benchmarks.onnx_session import onnx_session
from benchmarks.paper_model import BUNDLE, paper_model, paper_runtime, plain_images, random_inputs
from benchmarks.results import Measured
from benchmarks.whole_networks import measure_whole
from model.common.cores import num_cores
from model.networks.adamml import AdaMML
from model.runtime.base import UnsupportedPrecisionError
from model.runtime.openvino import OpenvinoRuntime
from model.spec.dummy_inputs import Role
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality

BATCH = 5
SGEMM_SIZE = 2048
# Takes about as long as the network that is held against it: a short product would more often run
# between two disturbances, and before the processor lowers its clock.
SGEMM_PRODUCTS = 8
# How many times faster than eager torch each network should be.
WANTED: Mapping[tuple[Role, Modality], float] = {
    ("policy", "rgb"): 2.3,
    ("policy", "flow"): 2.3,
    ("policy", "audio"): 2.3,
    ("recognizer", "rgb"): 2.5,
    ("recognizer", "flow"): 2.5,
    ("recognizer", "audio"): 2.3,
}
# The other runtime for CPUs runs the same graphs; ours was chosen because of these rows.
COMPARED: tuple[tuple[Role, Modality], ...] = (("recognizer", "rgb"), ("policy", "rgb"))


def measure() -> list[Measured]:
    threads = num_cores()
    torch.set_num_threads(threads)
    model = paper_model()
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        runtime = paper_runtime(model, Path(folder), threads=threads)
        sessions = {key: onnx_session(Path(folder), *key, threads=threads) for key in COMPARED}
        rows = _single(model, runtime, sessions)
        return [*rows, *measure_whole(model, runtime, _in_bfloat16(Path(folder), threads))]


def _in_bfloat16(folder: Path, threads: int) -> OpenvinoRuntime | None:
    """The same bundle, where the processor has units for it."""
    try:
        return OpenvinoRuntime.load(folder / BUNDLE, threads=threads, precision="bf16")
    except UnsupportedPrecisionError:
        return None


def _single(
    model: AdaMML,
    runtime: OpenvinoRuntime,
    sessions: Mapping[tuple[Role, Modality], Callable[[InputArray], object]],
) -> list[Measured]:
    """Each network on `BATCH` segments, and the RGB network against the machine's own rate."""
    ways: dict[str, Callable[[], object]] = {"sgemm": _sgemm()}
    for role, name in WANTED:
        inputs = random_inputs(model.spec, name, role=role, rows=BATCH)
        ways[f"eager {role} {name}"] = _eager(model, role, name, inputs)
        ways[f"ours {role} {name}"] = _ours(runtime, role, name, inputs)
        if (role, name) in sessions:
            ways[f"onnxruntime {role} {name}"] = partial(sessions[role, name], inputs)
    timings = interleave(ways, rounds=9)
    return [
        *(_speedup(timings, *key, wanted=wanted) for key, wanted in WANTED.items()),
        *(_speedup(timings, *key, wanted=1, other="onnxruntime") for key in COMPARED),
        _rate(model, timings),
    ]


def _eager(model: AdaMML, role: Role, name: Modality, inputs: InputArray) -> Callable[[], object]:
    branch, recognizer = model.policy.branch(name), model.recognizer(name)
    images = plain_images(branch if role == "policy" else recognizer.trunk, inputs)
    run = branch.forward_normalized if role == "policy" else recognizer.forward_normalized
    return lambda: run(images)


def _ours(
    runtime: OpenvinoRuntime, role: Role, name: Modality, inputs: InputArray
) -> Callable[[], object]:
    run = runtime.policy_features if role == "policy" else runtime.recognize
    return lambda: run(name, inputs)


def _sgemm() -> Callable[[], object]:
    left, right = (torch.randn(SGEMM_SIZE, SGEMM_SIZE) for _ in range(2))
    return lambda: [left @ right for _ in range(SGEMM_PRODUCTS)]


def _speedup(
    timings: Timings, role: Role, name: Modality, *, wanted: float, other: str = "eager"
) -> Measured:
    theirs, ours = (f"{who} {role} {name}" for who in (other, "ours"))
    return Measured(
        f"{name} {'policy branch' if role == 'policy' else 'recogniser'}, {BATCH} segments",
        timings.ratio(theirs, ours),
        "eager torch, same module, inputs normalised before"
        if other == "eager"
        else "ONNX Runtime, same graph",
        f">= {wanted:g}",
        f"{1e3 * timings.median(ours):.0f} ms against {1e3 * timings.median(theirs):.0f} ms",
        unit="times as fast",
    )


def _rate(model: AdaMML, timings: Timings) -> Measured:
    """Multiply-adds a second of the RGB network over those of a matrix product."""
    macs = model.spec.require_costs().recognition["rgb"].total * BATCH
    gemm = SGEMM_PRODUCTS * SGEMM_SIZE**3
    share = macs / gemm / timings.ratio("ours recognizer rgb", "sgemm")
    rates = [
        2e-9 * work / timings.median(way)
        for work, way in ((macs, "ours recognizer rgb"), (gemm, "sgemm"))
    ]
    return Measured(
        "rate of the RGB recogniser",
        share,
        f"sgemm {SGEMM_SIZE}x{SGEMM_SIZE}",
        ">= 0.9",
        f"{rates[0]:.0f} against {rates[1]:.0f} GFLOP/s",
        unit="of its rate",
    )
