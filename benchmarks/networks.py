"""Networks alone: ours against eager torch, and adaptive against dense, at paper size."""

# Dimensions: S segments, M modalities.

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch

from benchmarks.interleaved import Timings, interleave
from benchmarks.onnx_session import onnx_session
from benchmarks.paper_model import (
    LABELS,
    ROUNDS,
    SEGMENTS,
    decisions,
    paper_model,
    paper_runtime,
    random_inputs,
)
from benchmarks.results import Measured
from model.blank import Role
from model.cores import num_cores
from model.networks.adamml import AdaMML
from model.runtime.base import InputArray
from model.runtime.openvino import OpenvinoRuntime
from model.spec import Modality

BATCH = 5
SGEMM_SIZE = 2048
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
        return [*_single(model, runtime, sessions), *_whole(model, runtime)]


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
    module = model.policy.branch(name) if role == "policy" else model.recognizer(name)
    tensor = torch.from_numpy(inputs)
    return lambda: module(tensor)


def _ours(
    runtime: OpenvinoRuntime, role: Role, name: Modality, inputs: InputArray
) -> Callable[[], object]:
    run = runtime.policy_features if role == "policy" else runtime.recognize
    return lambda: run(name, inputs)


def _sgemm() -> Callable[[], object]:
    left, right = (torch.randn(SGEMM_SIZE, SGEMM_SIZE) for _ in range(2))
    return lambda: left @ right


def _speedup(
    timings: Timings, role: Role, name: Modality, *, wanted: float, other: str = "eager"
) -> Measured:
    theirs, ours = (f"{who} {role} {name}" for who in (other, "ours"))
    return Measured(
        f"{name} {'policy branch' if role == 'policy' else 'recogniser'}, {BATCH} segments",
        timings.ratio(theirs, ours),
        "eager torch, same module" if other == "eager" else "ONNX Runtime, same graph",
        f">= {wanted:g}",
        f"{1e3 * timings.median(ours):.0f} ms against {1e3 * timings.median(theirs):.0f} ms",
        unit="times as fast",
    )


def _rate(model: AdaMML, timings: Timings) -> Measured:
    """Multiply-adds a second of the RGB network over those of a matrix product."""
    macs = model.spec.require_costs().recognition["rgb"].total * BATCH
    gemm = SGEMM_SIZE**3
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


def _whole(model: AdaMML, runtime: OpenvinoRuntime) -> list[Measured]:
    """All networks of a video of ten segments, at the paper's rates."""
    names = model.spec.modality_names
    policy = {n: random_inputs(model.spec, n, role="policy", rows=SEGMENTS) for n in names}
    inputs = {n: random_inputs(model.spec, n, role="recognizer", rows=SEGMENTS) for n in names}
    turns = count()
    ways: dict[str, Callable[[], object]] = {
        "eager, everything, masked": lambda: _masked(model, policy, inputs),
        "dense": lambda: _dense(runtime, inputs),
        "adaptive": lambda: _adaptive(runtime, policy, inputs, next(turns)),
    }
    timings = interleave(ways, rounds=ROUNDS)
    seconds = {name: f"{timings.median(name):.2f} s" for name in ways}
    return [
        Measured(
            "adaptive networks, policy included",
            timings.ratio("adaptive", "dense"),
            "dense networks of ours, without policy",
            "<= 0.55",
            f"{seconds['adaptive']} against {seconds['dense']}; multiply-adds"
            f" {_share_of_macs(model):.2f}",
            unit="of the time",
        ),
        Measured(
            "adaptive networks, policy included",
            timings.ratio("eager, everything, masked", "adaptive"),
            "eager torch running everything and multiplying by zero",
            ">= 6",
            f"{seconds['adaptive']} against {seconds['eager, everything, masked']}",
            unit="times as fast",
        ),
    ]


def _masked(
    model: AdaMML, policy: Mapping[Modality, InputArray], inputs: Mapping[Modality, InputArray]
) -> object:
    """As the published implementation computes: segment by segment."""
    shape = (1, SEGMENTS, len(inputs))
    model.policy({n: torch.from_numpy(x)[None] for n, x in policy.items()}, torch.ones(shape))
    logits = [
        model.recognize_all({n: torch.from_numpy(x[row])[None, None] for n, x in inputs.items()})
        for row in range(SEGMENTS)
    ]
    return model.fuse(torch.cat(logits, dim=1), torch.ones(shape))


def _dense(runtime: OpenvinoRuntime, inputs: Mapping[Modality, InputArray]) -> object:
    logits = [runtime.recognize(name, rows) for name, rows in inputs.items()]
    table = np.stack(logits, axis=1)
    return runtime.fuse(table, np.ones(table.shape[:2], dtype=np.bool_))


def _adaptive(
    runtime: OpenvinoRuntime,
    policy: Mapping[Modality, InputArray],
    inputs: Mapping[Modality, InputArray],
    turn: int,
) -> object:
    features = [runtime.policy_features(name, rows) for name, rows in policy.items()]
    runtime.judge(features, np.ones((SEGMENTS, len(inputs)), dtype=np.bool_))
    selected = decisions(runtime.spec, turn)
    table = np.zeros((*selected.shape, len(LABELS)), dtype=np.float32)
    for column, (name, rows) in enumerate(inputs.items()):
        kept = np.flatnonzero(selected[:, column])
        table[kept, column] = runtime.recognize(name, rows[kept])
    return runtime.fuse(table, selected)


def _share_of_macs(model: AdaMML) -> float:
    costs = model.spec.require_costs()
    macs = np.array([costs.recognition[name].total for name in model.spec.modality_names])
    spent = np.mean([(decisions(model.spec, turn) * macs).sum() for turn in range(ROUNDS)])
    return float((spent + SEGMENTS * costs.policy.total) / (SEGMENTS * macs.sum()))
