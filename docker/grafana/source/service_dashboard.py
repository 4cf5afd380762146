"""Service: who asks, who waits, how long it takes, what fails, and what the machine gives."""

from __future__ import annotations

import service_queries as q
from frame import Panels, frame, with_rows
from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import number
from promql import quantile, ratio, series, total
from service_replicas import queue, replicas
from service_requests import latency, requests
from shown import Query, Shown, above


def dashboard() -> Dashboard:
    return with_rows(
        frame("adamml-service", "Service", "Requests, latency, queue, failures and resources."),
        {
            "Now": numbers(),
            "Requests to classify": requests(),
            "Latency": latency(),
            "Queue": queue(),
            "Replicas": replicas(),
        },
    )


def numbers() -> Panels:
    return [
        number(
            Shown(
                2,
                "Replicas up",
                "Targets that answered the last scrape, of all model versions.",
                "none",
                (Query('sum(up{job="adamml"})'),),
                thresholds=("red", ((1.0, "green"),)),
                width=4,
                height=4,
            )
        ),
        number(
            Shown(
                3,
                "Requests",
                "To classify a video, with whatever outcome.",
                q.PER_SECOND,
                (Query(q.REQUESTS),),
                width=4,
                height=4,
            )
        ),
        number(
            Shown(
                4,
                "Errors",
                "Answers with a 5xx, of all requests to classify.",
                q.SHARE,
                (Query(ratio(q.ERRORS, q.REQUESTS)),),
                thresholds=q.ERROR_RATIO,
                width=4,
                height=4,
                maximum=1,
                decimals=1,
            )
        ),
        number(
            Shown(
                5,
                "95th percentile",
                "19 of 20 requests take no longer, their upload and their refusal included.",
                q.SECONDS,
                (Query(quantile(0.95, q.LATENCY)),),
                thresholds=q.LATENCY_SECONDS,
                width=4,
                height=4,
                decimals=1,
            )
        ),
        number(
            Shown(
                6,
                "Waiting",
                "Uploaded videos that wait for a place to be computed in.",
                "none",
                (Query(total(series("adamml_queue_depth"))),),
                thresholds=above(8.0, colour="yellow"),
                width=4,
                height=4,
            )
        ),
        number(
            Shown(
                7,
                "In progress",
                "Requests to classify that are uploaded, wait or are computed.",
                "none",
                (Query(total(series("adamml_requests_in_progress"))),),
                width=4,
                height=4,
            )
        ),
    ]
