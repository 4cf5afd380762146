"""Compute savings: what adaptivity spends, what it saves, and what deciding costs."""

from __future__ import annotations

import compute_queries as q
from compute_graphs import costs, decisions, multiply_adds, versions
from frame import Panels, frame, with_rows
from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import number
from shown import Query, Shown, above


def dashboard() -> Dashboard:
    about = "What the adaptive policy spends, what it saves, and what it costs itself."
    return with_rows(
        frame("adamml-compute", "Compute savings", about),
        {
            "Over the whole range": numbers(),
            "Multiply-adds": multiply_adds(),
            "Decisions": decisions(),
            "Time, and the policy's own cost": costs(),
            "Model versions": versions(),
        },
    )


def numbers() -> Panels:
    return [
        number(
            Shown(
                1,
                "Compute saved",
                "1 - spent / dense. Dense is every available modality of every segment, without a"
                " policy. Below 0 the policy costs more than it saves.",
                q.SHARE,
                (Query(q.saved_in_range()),),
                thresholds=q.SAVING,
                width=4,
                height=4,
                minimum=None,
                decimals=1,
            )
        ),
        number(
            Shown(
                2,
                "Spent per video",
                "Multiply-adds of an answer, the policy's included; a FLOP is one of them here.",
                q.FLOP,
                (Query(q.of_range(q.EXECUTED, q.ANSWERED)),),
                width=4,
                height=4,
                decimals=2,
            )
        ),
        number(
            Shown(
                3,
                "Dense per video",
                "What an answer would have taken with everything computed.",
                q.FLOP,
                (Query(q.of_range(q.DENSE, q.ANSWERED)),),
                width=4,
                height=4,
                decimals=2,
            )
        ),
        number(
            Shown(
                4,
                "Compute per second of video",
                "Seconds from the probe to the answer, for each second of video. Above 1, a"
                " stream needs more than one place to be kept up with.",
                q.SECONDS,
                (Query(q.of_range(q.COMPUTE_SECONDS, q.VIDEO_SECONDS)),),
                thresholds=above(1.0, colour="yellow"),
                width=4,
                height=4,
                decimals=2,
            )
        ),
        number(
            Shown(
                5,
                "Spent on the policy",
                "The policy's part of all multiply-adds spent.",
                q.SHARE,
                (Query(q.of_range(q.POLICY, q.EXECUTED)),),
                thresholds=q.POLICY_SHARE,
                width=4,
                height=4,
                maximum=1,
                decimals=1,
            )
        ),
        number(
            Shown(
                6,
                "Flow pairs avoided",
                "Of the pairs of frames that the segments' flow would have taken.",
                q.SHARE,
                (Query(q.of_range(q.PAIRS_AVOIDED, f"{q.PAIRS_COMPUTED} + {q.PAIRS_AVOIDED}")),),
                width=4,
                height=4,
                maximum=1,
                decimals=1,
            )
        ),
    ]
