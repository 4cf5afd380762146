"""What came of a load: outcomes by kind, latency, throughput, compute saved."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.traffic.load import Outcome


def summarize(outcomes: Sequence[Outcome], wall_seconds: float) -> dict[str, Any]:
    """Latency is of answered videos alone, in seconds. Raises ValueError without outcomes."""
    if not outcomes:
        raise ValueError("not one request was made")
    answered = [outcome for outcome in outcomes if outcome.compute is not None]
    latency = sorted(outcome.seconds for outcome in answered)
    gflops = sum(one.compute["gflops"] for one in answered if one.compute)
    dense = sum(one.compute["gflops_dense"] for one in answered if one.compute)
    return {
        "requests": len(outcomes),
        "wall_seconds": wall_seconds,
        "answers_per_second": len(answered) / wall_seconds,
        "outcomes": {
            f"{status} {code}": count
            for (status, code), count in sorted(
                Counter((o.status, o.code) for o in outcomes).items()
            )
        },
        "unexpected": sum(not outcome.is_expected for outcome in outcomes),
        "latency_seconds": {
            name: quantile(latency, share)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
        },
        "gflops": gflops,
        "gflops_dense": dense,
        "gflops_saved_ratio": 1 - gflops / dense if dense else 0.0,
        "compute_seconds_median": statistics.median(
            one.compute["seconds_by_stage"]["total"] for one in answered if one.compute
        )
        if answered
        else None,
    }


def as_table(summary: dict[str, Any]) -> str:
    """Lines of name and value."""
    rows = [
        ("requests", f"{summary['requests']} in {summary['wall_seconds']:.1f} s"),
        ("answers", f"{summary['answers_per_second']:.2f} a second"),
        *((f"  {name}", str(count)) for name, count in summary["outcomes"].items()),
        ("unexpected", str(summary["unexpected"])),
    ]
    for name, value in summary["latency_seconds"].items():
        rows.append((f"latency {name}", "-" if value is None else f"{value:.3f} s"))
    saved = f"{summary['gflops_saved_ratio']:.1%} saved"
    rows.append(("GFLOPs", f"{summary['gflops']:.1f} of {summary['gflops_dense']:.1f}, {saved}"))
    return "\n".join(f"{name:<28}{value}" for name, value in rows)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
