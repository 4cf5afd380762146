"""Rounds of a soak, and what they say: whether what a service holds and takes stays the same."""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.traffic.asks import Ask
from benchmarks.traffic.holding import Holding
from benchmarks.traffic.load_summary import quantile

FLAT = 0.05
# Buffers, pools of threads and caches fill: this share of the time, and one round at least.
_WARM_UP_SHARE = 0.1
_SHOWN_WRONG = 20
# What other work did meanwhile, and what depends on it: judged as multiples of the yardstick.
_BESIDE = (
    "load_average",
    "stolen_share",
    "yardstick_seconds",
    "latency_p50_seconds",
    "latency_p95_seconds",
    "processor_seconds",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """`told` is what must not change; `wrong` says what was not right."""

    ask: Ask
    seconds: float
    told: object
    wrong: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Round:
    """`busy_bytes`: the median of the anonymous memory while requests ran; `held` is after them.

    `processor_seconds` are of the service and its decoders. What others do on the same hardware:
    `stolen_share` of the machine's processors, and `yardstick_seconds`, which the same work took
    before and after the requests.
    """

    begun_seconds: float
    outcomes: list[Outcome]
    busy_bytes: float
    held: Holding
    load_average: float
    processor_seconds: float = 0.0
    stolen_share: float = 0.0
    yardstick_seconds: float = 1.0

    @property
    def plain_seconds(self) -> list[float]:
        return [one.seconds for one in self.outcomes if one.ask.kind == "plain"]

    @property
    def plain_by_yardstick(self) -> list[float]:
        return [seconds / self.yardstick_seconds for seconds in self.plain_seconds]


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """What was held and how long answers took, in the first quarter after the warm-up and in the
    last; `change` is relative to the first, `is_flat` whether it is at most FLAT."""
    warm = min(max(1, round(_WARM_UP_SHARE * len(rounds))), len(rounds) - 1)
    measured = rounds[warm:]
    quarter = max(1, len(measured) // 4)
    first, last = _quarter(measured[:quarter]), _quarter(measured[-quarter:])
    outcomes = [outcome for one in rounds for outcome in one.outcomes]
    wrong = [outcome.wrong for outcome in outcomes if outcome.wrong is not None]
    change = {name: _change(first[name], last[name]) for name in first}
    return {
        "rounds": len(rounds),
        "warm_up_rounds": warm,
        "asked": dict(sorted(Counter(outcome.ask.kind for outcome in outcomes).items())),
        "num_wrong": len(wrong),
        "wrong": wrong[:_SHOWN_WRONG],
        "first_quarter": first,
        "last_quarter": last,
        "change": change,
        "is_flat": {name: abs(change[name]) <= FLAT for name in change if name not in _BESIDE},
    }


def _quarter(rounds: Sequence[Round]) -> dict[str, float]:
    """Medians over rounds; of latency over all plain requests in them."""
    held = [one.held for one in rounds]
    plain = sorted(seconds for one in rounds for seconds in one.plain_seconds)
    relative = sorted(latency for one in rounds for latency in one.plain_by_yardstick)
    medians = {
        "anonymous_megabytes": statistics.median(one.anonymous_bytes / 1e6 for one in held),
        "busy_anonymous_megabytes": statistics.median(one.busy_bytes / 1e6 for one in rounds),
        "descriptors": statistics.median(one.descriptors for one in held),
        "threads": statistics.median(one.threads for one in held),
        "children": max(one.children for one in held),
        "files": max(one.files for one in held),
        "latency_p50_seconds": quantile(plain, 0.5) or 0.0,
        "latency_p95_seconds": quantile(plain, 0.95) or 0.0,
        "latency_p50_yardsticks": quantile(relative, 0.5) or 0.0,
        "latency_p95_yardsticks": quantile(relative, 0.95) or 0.0,
        "processor_yardsticks": statistics.median(
            one.processor_seconds / one.yardstick_seconds for one in rounds
        ),
        "yardstick_seconds": statistics.median(one.yardstick_seconds for one in rounds),
        "processor_seconds": statistics.median(one.processor_seconds for one in rounds),
        "stolen_share": statistics.mean(one.stolen_share for one in rounds),
        "load_average": statistics.median(one.load_average for one in rounds),
    }
    return {name: round(value, 4) for name, value in medians.items()}


def _change(first: float, last: float) -> float:
    return round((last - first) / first, 4) if first else float(last != first)


def row(one: Round) -> dict[str, float]:
    held = dataclasses.asdict(one.held)
    held["anonymous_megabytes"] = round(held.pop("anonymous_bytes") / 1e6, 2)
    return {
        "begun_seconds": round(one.begun_seconds, 1),
        **held,
        "busy_anonymous_megabytes": round(one.busy_bytes / 1e6, 1),
        "plain_median_seconds": round(statistics.median(one.plain_seconds), 3),
        "processor_seconds": round(one.processor_seconds, 2),
        "stolen_share": round(one.stolen_share, 3),
        "yardstick_seconds": round(one.yardstick_seconds, 4),
        "load_average": round(one.load_average, 2),
    }
