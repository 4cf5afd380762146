"""The course of compute, decisions and costs, and what sets model versions apart."""

from __future__ import annotations

import compute_queries as q
from frame import Panels
from panels import graph, rows
from promql import ratio, share, total
from shown import Query, Shown, above


def multiply_adds() -> Panels:
    executed, dense, answered = total(q.EXECUTED), total(q.DENSE), total(q.ANSWERED)
    return [
        graph(
            Shown(
                10,
                "Executed against dense",
                "Multiply-adds per second by component, stacked, under the line of what running"
                " everything would have taken.",
                q.FLOP_RATE,
                (
                    Query(total(q.EXECUTED, "component"), "{{component}}"),
                    Query(dense, "dense"),
                ),
            ),
            stacked=True,
            line="dense",
        ),
        graph(
            Shown(
                11,
                "Compute saved",
                "1 - spent / dense. Alert: less than half of the day's average.",
                q.SHARE,
                (Query(q.saved(executed, dense), "saved"),),
                thresholds=q.SAVING,
                minimum=None,
                maximum=1,
            )
        ),
        graph(
            Shown(
                12,
                "Per video",
                "Multiply-adds of an answer, spent and dense. Both move with the number of"
                " segments that are asked for.",
                q.FLOP,
                (
                    Query(ratio(executed, answered), "spent"),
                    Query(ratio(dense, answered), "dense"),
                ),
            )
        ),
        graph(
            Shown(
                13,
                "Segments",
                "Segments answered per second: what the other panels are about, and how much.",
                "suffix: /s",
                (Query(total(q.SEGMENTS), "segments"),),
            )
        ),
    ]


def decisions() -> Panels:
    return [
        graph(
            Shown(
                21,
                "Selected, by modality",
                "Of the segments in which the modality is available. Alerts: under 1 % or over"
                " 99 % for an hour.",
                q.SHARE,
                (
                    Query(
                        ratio(total(q.SELECTED, "modality"), total(q.SELECTABLE, "modality")),
                        "{{modality}}",
                    ),
                ),
                thresholds=("red", ((0.01, "green"), (0.99, "red"))),
                width=8,
                maximum=1,
            )
        ),
        graph(
            Shown(
                22,
                "Decisions",
                "One for each modality of each segment, per second. Unavailable: the video has no"
                " such stream.",
                "suffix: /s",
                (Query(total(q.DECISIONS, "modality, decision"), "{{modality}} {{decision}}"),),
                width=8,
            ),
            stacked=True,
        ),
        graph(
            Shown(
                23,
                "Flow pairs",
                "Pairs of frames whose optical flow was computed, and was not needed, per second.",
                "suffix: /s",
                (
                    Query(total(q.PAIRS_COMPUTED), "computed"),
                    Query(total(q.PAIRS_AVOIDED), "avoided"),
                ),
                width=8,
            ),
            stacked=True,
        ),
    ]


def costs() -> Panels:
    return [
        graph(
            Shown(
                31,
                "Compute per second of video",
                "Seconds of each stage, for each second of video. Above 1 in all, a stream needs"
                " more than one place to be kept up with.",
                q.SECONDS,
                (
                    Query(
                        share(total(q.STAGE_SECONDS, "stage"), total(q.VIDEO_SECONDS)),
                        "{{stage}}",
                    ),
                ),
                thresholds=above(1.0, colour="yellow"),
            ),
            stacked=True,
        ),
        graph(
            Shown(
                32,
                "Cost of the policy",
                "Its part of the multiply-adds spent, and of the time from probe to answer. It"
                " pays where this is less than what it saves.",
                q.SHARE,
                (
                    Query(ratio(total(q.POLICY), total(q.EXECUTED)), "of multiply-adds"),
                    Query(ratio(total(q.POLICY_SECONDS), total(q.COMPUTE_SECONDS)), "of time"),
                ),
                thresholds=q.POLICY_SHARE,
                maximum=1,
            )
        ),
    ]


def versions() -> Panels:
    by = "version"
    return [
        graph(
            Shown(
                41,
                "Compute saved, by model version",
                "1 - spent / dense of each version, while one replaces another and after.",
                q.SHARE,
                (Query(q.saved(total(q.EXECUTED, by), total(q.DENSE, by)), "{{version}}"),),
                thresholds=q.SAVING,
                minimum=None,
                maximum=1,
            )
        ),
        rows(
            Shown(
                42,
                "Model versions over the whole range",
                "What each version spent on a video, what it would have taken densely, what was"
                " saved, and how long it took for a second of video.",
                q.FLOP,
                (
                    Query(q.of_range(q.EXECUTED, q.ANSWERED, by), "Spent per video"),
                    Query(q.of_range(q.DENSE, q.ANSWERED, by), "Dense per video"),
                    Query(q.saved_in_range(by), "Saved"),
                    Query(q.of_range(q.COMPUTE_SECONDS, q.VIDEO_SECONDS, by), "Time per second"),
                ),
                minimum=None,
            ),
            by=by,
            units={"Saved": q.SHARE, "Time per second": q.SECONDS},
        ),
    ]
