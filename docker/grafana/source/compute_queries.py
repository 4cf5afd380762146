"""The rates behind the dashboard of compute savings, and the ratios made of them."""

from __future__ import annotations

from promql import in_range, ratio, total, versioned_rate
from shown import above

FLOP, FLOP_RATE, SECONDS, SHARE = "si:FLOP", "flops", "suffix: s/s", "percentunit"
# Spending more than running everything is bad; saving next to nothing is not much better.
SAVING = ("red", ((0.0, "yellow"), (0.05, "green")))
POLICY_SHARE = above(0.2, colour="yellow")

EXECUTED = versioned_rate("adamml_flops_executed_total")
POLICY = versioned_rate("adamml_flops_executed_total", 'component="policy"')
DENSE = versioned_rate("adamml_flops_dense_total")
ANSWERED = versioned_rate("adamml_requests_total", 'route=~"/classify|/v2/.*/infer", status="200"')
SEGMENTS = versioned_rate("adamml_segments_total")
DECISIONS = versioned_rate("adamml_modality_decisions_total")
SELECTED = versioned_rate("adamml_modality_decisions_total", 'decision="selected"')
SELECTABLE = versioned_rate("adamml_modality_decisions_total", 'decision=~"selected|skipped"')
PAIRS_COMPUTED = versioned_rate("adamml_flow_pairs_computed_total")
PAIRS_AVOIDED = versioned_rate("adamml_flow_pairs_avoided_total")
VIDEO_SECONDS = versioned_rate("adamml_video_seconds_total")
COMPUTE_SECONDS = versioned_rate("adamml_stage_duration_seconds_sum", 'stage="total"')
POLICY_SECONDS = versioned_rate("adamml_stage_duration_seconds_sum", 'stage="policy"')
STAGE_SECONDS = versioned_rate(
    "adamml_stage_duration_seconds_sum", 'stage=~"decode|policy|flow|recognition"'
)


def saved(executed: str, dense: str) -> str:
    return f"1 - {ratio(executed, dense)}"


def of_range(numerator: str, denominator: str, by: str = "") -> str:
    """A ratio over the dashboard's whole time range."""
    return ratio(total(in_range(numerator), by), total(in_range(denominator), by))


def saved_in_range(by: str = "") -> str:
    return f"1 - {of_range(EXECUTED, DENSE, by)}"
