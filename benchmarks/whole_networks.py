"""All networks of a video: adaptive against dense, and against running everything masked."""

# Dimensions: S segments, M modalities.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count

import numpy as np
import torch

from benchmarks.interleaved import Timings, interleave
from benchmarks.paper_model import LABELS, ROUNDS, SEGMENTS, decisions, plain_images, random_inputs
from benchmarks.results import Measured
from model.networks.adamml import AdaMML
from model.runtime.base import Runtime
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality

MASKED = "eager torch running everything and multiplying by zero"
DENSE = "dense networks of ours, without policy"
EXACT = "adaptive networks, policy included"
FAST = "adaptive networks in bfloat16"

_Inputs = Mapping[Modality, InputArray]


def measure_whole(model: AdaMML, exact: Runtime, fast: Runtime | None) -> list[Measured]:
    """A video of ten segments at the paper's rates; `fast` computes in bfloat16."""
    names = model.spec.modality_names
    policy = {n: random_inputs(model.spec, n, role="policy", rows=SEGMENTS) for n in names}
    inputs = {n: random_inputs(model.spec, n, role="recognizer", rows=SEGMENTS) for n in names}
    ways: dict[str, Callable[[], object]] = {
        MASKED: _masked(model, policy, inputs),
        DENSE: lambda: _dense(exact, inputs),
    }
    for way, runtime in ((EXACT, exact), (FAST, fast)):
        if runtime is not None:
            ways[way] = partial(_in_turns, runtime, policy, inputs, count())
    timings = interleave(ways, rounds=ROUNDS)
    macs = f"; multiply-adds {_share_of_macs(model):.2f}"
    rows = [_share(timings, EXACT, DENSE, macs), _speedup(timings, EXACT, MASKED, 6)]
    if fast is not None:
        rows += [_speedup(timings, FAST, EXACT, 1), _speedup(timings, FAST, MASKED, 6)]
    return rows


def _share(timings: Timings, way: str, baseline: str, detail: str) -> Measured:
    seconds = _seconds(timings, way, baseline) + detail
    return Measured(
        way, timings.ratio(way, baseline), baseline, "<= 0.55", seconds, unit="of the time"
    )


def _speedup(timings: Timings, way: str, baseline: str, wanted: float) -> Measured:
    return Measured(
        way,
        timings.ratio(baseline, way),
        baseline,
        f">= {wanted:g}",
        _seconds(timings, way, baseline),
        unit="times as fast",
    )


def _seconds(timings: Timings, way: str, baseline: str) -> str:
    return f"{timings.median(way):.2f} s against {timings.median(baseline):.2f} s"


def _masked(model: AdaMML, policy: _Inputs, inputs: _Inputs) -> Callable[[], object]:
    """As the published implementation computes: segment by segment."""
    seen = {name: plain_images(model.policy.branch(name), x) for name, x in policy.items()}
    shown = {
        name: plain_images(model.recognizer(name).trunk, x).chunk(SEGMENTS)
        for name, x in inputs.items()
    }
    everything = torch.ones(SEGMENTS, len(inputs))

    def run() -> object:
        branches = [model.policy.branch(name).forward_normalized(x) for name, x in seen.items()]
        model.policy.recur(model.policy.joint(branches, everything).joint[None])
        logits = [
            torch.cat([model.recognizer(n).forward_normalized(x[row]) for n, x in shown.items()])
            for row in range(SEGMENTS)
        ]
        return model.fuse(torch.stack(logits)[None], everything[None])

    return run


def _dense(runtime: Runtime, inputs: _Inputs) -> object:
    logits = [runtime.recognize(name, rows) for name, rows in inputs.items()]
    table = np.stack(logits, axis=1)
    return runtime.fuse(table, np.ones(table.shape[:2], dtype=np.bool_))


def _in_turns(runtime: Runtime, policy: _Inputs, inputs: _Inputs, turns: Iterator[int]) -> object:
    return _adaptive(runtime, policy, inputs, next(turns))


def _adaptive(runtime: Runtime, policy: _Inputs, inputs: _Inputs, turn: int) -> object:
    features = [runtime.policy_features(name, rows) for name, rows in policy.items()]
    runtime.policy_output(features, np.ones((SEGMENTS, len(inputs)), dtype=np.bool_))
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
