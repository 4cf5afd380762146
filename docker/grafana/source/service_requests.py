"""The requests: how many, with which outcome, and how long they take."""

from __future__ import annotations

import service_queries as q
from frame import Panels
from panels import graph, heat
from promql import quantile, rate, ratio, total
from shown import Query, Shown


def requests() -> Panels:
    return [
        graph(
            Shown(
                11,
                "Requests by status",
                "499: the client left before its answer. Alert: none at all, after there were.",
                q.PER_SECOND,
                (Query(total(rate("adamml_requests_total", q.CLASSIFY), "status"), "{{status}}"),),
            ),
            stacked=True,
        ),
        graph(
            Shown(
                12,
                "Error ratio",
                "Answers with a 5xx, of all requests to classify. Alert: above 5 %.",
                q.SHARE,
                (Query(ratio(q.ERRORS, q.REQUESTS), "errors"),),
                thresholds=q.ERROR_RATIO,
                maximum=1,
            )
        ),
        graph(
            Shown(
                13,
                "Decode failures by code",
                "Videos refused for what they contain. Alert: three times the day's average.",
                q.PER_SECOND,
                (Query(total(rate("adamml_decode_failures_total"), "code"), "{{code}}"),),
                width=8,
            ),
            stacked=True,
        ),
        graph(
            Shown(
                14,
                "Rejections by reason",
                "Refused for another reason. Alert: above 5 % for want of capacity, which is"
                " overloaded, deadline_exceeded, not_ready and shutting_down.",
                q.PER_SECOND,
                (Query(total(rate("adamml_requests_rejected_total"), "reason"), "{{reason}}"),),
                width=8,
            ),
            stacked=True,
        ),
        graph(
            Shown(
                15,
                "All routes",
                "Requests by route, probes and scrapes included.",
                q.PER_SECOND,
                (Query(total(rate("adamml_requests_total"), "route"), "{{route}}"),),
                width=8,
            ),
            stacked=True,
        ),
        graph(
            Shown(
                16,
                "Degraded requests by level",
                "Answered with less compute, as others waited: a quarter less at level 1, three"
                " at level 3. None without ADAMML_DEGRADE.",
                q.PER_SECOND,
                (Query(total(rate("adamml_degraded_requests_total"), "level"), "{{level}}"),),
                width=24,
            ),
            stacked=True,
        ),
    ]


def latency() -> Panels:
    stage = "adamml_stage_duration_seconds"
    mean = ratio(total(rate(f"{stage}_sum"), "stage"), total(rate(f"{stage}_count"), "stage"))
    return [
        graph(
            Shown(
                21,
                "Quantiles",
                "From the head of a request to the end of its answer. Alert: the 95th above 30 s.",
                q.SECONDS,
                tuple(
                    Query(quantile(value, q.LATENCY), f"p{value:.0%}"[:-1])
                    for value in (0.5, 0.95, 0.99)
                ),
                thresholds=q.LATENCY_SECONDS,
            )
        ),
        heat(
            Shown(
                22,
                "Distribution",
                "Requests per second by how long they took.",
                q.SECONDS,
                (Query(total(rate(f"{q.LATENCY}_bucket"), "le"), "{{le}}"),),
            )
        ),
        graph(
            Shown(
                23,
                "Mean time by stage",
                "Of requests that got as far as the stage; total is the whole classification.",
                q.SECONDS,
                (Query(mean, "{{stage}}"),),
                thresholds=q.LATENCY_SECONDS,
            )
        ),
        graph(
            Shown(
                24,
                "95th percentile by stage",
                "Where a slow request spends its time.",
                q.SECONDS,
                (Query(quantile(0.95, stage, by="stage"), "{{stage}}"),),
                thresholds=q.LATENCY_SECONDS,
            )
        ),
    ]
