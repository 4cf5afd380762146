"""Service: who asks, who waits, how long it takes, what fails, and what the machine gives."""

from __future__ import annotations

from frame import Panels, frame, with_rows
from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import graph, heat, number, rows, states
from promql import of_version, quantile, rate, ratio, series, total
from shown import Query, Shown, above

CLASSIFY = 'route="/classify"'
REQUESTS = total(rate("adamml_requests_total", CLASSIFY))
ERRORS = total(rate("adamml_requests_total", f'{CLASSIFY}, status=~"5.."'))
LATENCY = "adamml_request_duration_seconds"
ERROR_RATIO, LATENCY_SECONDS, QUEUE_USED = above(0.05), above(30.0), above(0.8)
PER_SECOND, SHARE, SECONDS = "reqps", "percentunit", "s"


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
                PER_SECOND,
                (Query(REQUESTS),),
                width=4,
                height=4,
            )
        ),
        number(
            Shown(
                4,
                "Errors",
                "Answers with a 5xx, of all requests to classify.",
                SHARE,
                (Query(ratio(ERRORS, REQUESTS)),),
                thresholds=ERROR_RATIO,
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
                SECONDS,
                (Query(quantile(0.95, LATENCY)),),
                thresholds=LATENCY_SECONDS,
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


def requests() -> Panels:
    return [
        graph(
            Shown(
                11,
                "Requests by status",
                "499: the client left before its answer. Alert: none at all, after there were.",
                PER_SECOND,
                (Query(total(rate("adamml_requests_total", CLASSIFY), "status"), "{{status}}"),),
            ),
            stacked=True,
        ),
        graph(
            Shown(
                12,
                "Error ratio",
                "Answers with a 5xx, of all requests to classify. Alert: above 5 %.",
                SHARE,
                (Query(ratio(ERRORS, REQUESTS), "errors"),),
                thresholds=ERROR_RATIO,
                maximum=1,
            )
        ),
        graph(
            Shown(
                13,
                "Decode failures by code",
                "Videos refused for what they contain. Alert: three times the day's average.",
                PER_SECOND,
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
                PER_SECOND,
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
                PER_SECOND,
                (Query(total(rate("adamml_requests_total"), "route"), "{{route}}"),),
                width=8,
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
                SECONDS,
                tuple(
                    Query(quantile(value, LATENCY), f"p{value:.0%}"[:-1])
                    for value in (0.5, 0.95, 0.99)
                ),
                thresholds=LATENCY_SECONDS,
            )
        ),
        heat(
            Shown(
                22,
                "Distribution",
                "Requests per second by how long they took.",
                SECONDS,
                (Query(total(rate(f"{LATENCY}_bucket"), "le"), "{{le}}"),),
            )
        ),
        graph(
            Shown(
                23,
                "Mean time by stage",
                "Of requests that got as far as the stage; total is the whole classification.",
                SECONDS,
                (Query(mean, "{{stage}}"),),
                thresholds=LATENCY_SECONDS,
            )
        ),
        graph(
            Shown(
                24,
                "95th percentile by stage",
                "Where a slow request spends its time.",
                SECONDS,
                (Query(quantile(0.95, stage, by="stage"), "{{stage}}"),),
                thresholds=LATENCY_SECONDS,
            )
        ),
    ]


def queue() -> Panels:
    depth, capacity = series("adamml_queue_depth"), series("adamml_queue_capacity")
    wait = "adamml_queue_wait_seconds"
    return [
        graph(
            Shown(
                31,
                "Queue, of its capacity",
                "Videos that wait, of those that may. Alert: above 80 % for five minutes; when it"
                " is full, requests are refused.",
                SHARE,
                (Query(ratio(depth, capacity), "{{instance}}"),),
                thresholds=QUEUE_USED,
                width=8,
                maximum=1,
            )
        ),
        graph(
            Shown(
                32,
                "Time in the queue",
                "Of all who entered it, those who left it unserved included.",
                SECONDS,
                (Query(quantile(0.5, wait), "p50"), Query(quantile(0.95, wait), "p95")),
                thresholds=LATENCY_SECONDS,
                width=8,
            )
        ),
        graph(
            Shown(
                33,
                "Waiting and in progress",
                "In progress are all requests to classify that have begun, the waiting included.",
                "none",
                (
                    Query(total(series("adamml_requests_in_progress")), "in progress"),
                    Query(total(depth), "waiting"),
                    Query(total(capacity), "queue's capacity"),
                ),
                width=8,
            )
        ),
    ]


def replicas() -> Panels:
    uptime = f"time() - {series('process_start_time_seconds')}"
    return [
        graph(
            Shown(
                41,
                "Memory",
                "Resident memory of all processes of a replica; what they share counts once for"
                " each. Decoders are not included.",
                "bytes",
                (Query(series("process_resident_memory_bytes"), "{{instance}}"),),
                thresholds=above(4e9, colour="yellow"),
                width=8,
            )
        ),
        graph(
            Shown(
                42,
                "Processors",
                "Cores in use. Decoders are ffmpeg and ffprobe, counted when they end.",
                "suffix: cores",
                (
                    Query(rate("process_cpu_seconds_total"), "{{instance}}"),
                    Query(rate("adamml_decoder_cpu_seconds_total"), "{{instance}} decoders"),
                ),
                width=8,
            ),
            stacked=True,
        ),
        graph(
            Shown(
                43,
                "Open files",
                "Of those that the processes may have open; connections count as well.",
                SHARE,
                (
                    Query(
                        ratio(series("process_open_fds"), series("process_max_fds")),
                        "{{instance}}",
                    ),
                ),
                thresholds=above(0.8),
                width=8,
                maximum=1,
            )
        ),
        states(
            Shown(
                1,
                "Targets",
                "Whether Prometheus could scrape each replica. Alert: down for a minute.",
                "none",
                (Query('up{job="adamml"}', "{{instance}}"),),
                thresholds=("red", ((1.0, "green"),)),
                maximum=1,
            ),
            texts={"0": ("down", "red"), "1": ("up", "green")},
        ),
        rows(
            Shown(
                51,
                "Replicas and their models",
                "How long each has been running, and which model version it answers with.",
                "s",
                (Query(f"max by (instance, version) ({of_version(f'({uptime})')})", "Uptime"),),
            ),
            by="instance",
            units={},
        ),
    ]
