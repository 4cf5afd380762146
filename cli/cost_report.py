"""A cost table for people and for programs: every component, per segment and per video."""

from __future__ import annotations

from collections.abc import Iterator

from model.spec.cost_table import CostTable, LayerCosts
from model.spec.model_spec import ModelSpec

KINDS = ("conv", "linear", "lstm")


def report_json(spec: ModelSpec, costs: CostTable) -> dict[str, object]:
    """Multiply-adds of one segment by component, exact, and of a video of `segments` segments."""
    dense, policy = dense_costs(costs), costs.policy
    segments = spec.eval_segments
    return {
        "model": spec.name,
        "segments": segments,
        "recognition": {name: _integers(cost) for name, cost in costs.recognition.items()},
        "policy_branches": {name: _integers(cost) for name, cost in costs.policy_branches.items()},
        "policy_joint": _integers(costs.policy_joint),
        "policy": _integers(policy),
        "dense": _integers(dense),
        "policy_share": policy.total / dense.total,
        "video": {
            "policy": _integers(policy, segments),
            "dense": _integers(dense, segments),
        },
    }


def report_text(spec: ModelSpec, costs: CostTable) -> str:
    """The same as a table; GFLOPs are 1e9 multiply-adds, as in the paper."""
    segments = spec.eval_segments
    per_video = f"GFLOPs of {segments} segments"
    head = ["multiply-adds per segment", *KINDS, "total", per_video, "of them conv"]
    rows = [head, *(_row(name, cost, segments) for name, cost in _components(costs))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [_line(row, widths) for row in rows]
    share = costs.policy.total / dense_costs(costs).total
    return "\n".join([spec.name, *lines, f"policy / dense: {share:.2%}"])


def dense_costs(costs: CostTable) -> LayerCosts:
    """Every recognition network once: a segment without a policy."""
    return sum(costs.recognition.values(), start=LayerCosts())


def _components(costs: CostTable) -> Iterator[tuple[str, LayerCosts]]:
    for name, cost in costs.recognition.items():
        yield f"recognition {name}", cost
    yield "dense", dense_costs(costs)
    for name, cost in costs.policy_branches.items():
        yield f"policy branch {name}", cost
    yield "policy joint", costs.policy_joint
    yield "policy", costs.policy


def _row(name: str, cost: LayerCosts, segments: int) -> list[str]:
    counts = [f"{count:,}" for count in (cost.conv, cost.linear, cost.lstm, cost.total)]
    gflops = [f"{count * segments / 1e9:.3f}" for count in (cost.total, cost.conv)]
    return [name, *counts, *gflops]


def _line(row: list[str], widths: list[int]) -> str:
    first, *rest = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest])


def _integers(cost: LayerCosts, times: int = 1) -> dict[str, int]:
    kinds = {kind: getattr(cost, kind) * times for kind in KINDS}
    return kinds | {"total": cost.total * times}
