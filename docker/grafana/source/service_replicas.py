"""The replicas: their queues, memory and processors, and whether they are there."""

from __future__ import annotations

import service_queries as q
from frame import Panels
from panels import graph, rows, states
from promql import of_version, quantile, rate, ratio, series, total
from shown import Query, Shown, above


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
                q.SHARE,
                (Query(ratio(depth, capacity), "{{instance}}"),),
                thresholds=q.QUEUE_USED,
                width=8,
                maximum=1,
            )
        ),
        graph(
            Shown(
                32,
                "Time in the queue",
                "Of all who entered it, those who left it unserved included.",
                q.SECONDS,
                (Query(quantile(0.5, wait), "p50"), Query(quantile(0.95, wait), "p95")),
                thresholds=q.LATENCY_SECONDS,
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
        graph(
            Shown(
                34,
                "Jobs",
                "Waiting are those of the whole queue, which all replicas share.",
                "none",
                (
                    Query(f"max({series('adamml_jobs_queued')})", "waiting"),
                    Query(total(series("adamml_jobs_running")), "running"),
                ),
                width=8,
            )
        ),
        graph(
            Shown(
                35,
                "How long the first job has waited",
                "Alert: over half an hour for five minutes.",
                q.SECONDS,
                (Query(f"max({series('adamml_jobs_oldest_queued_seconds')})", "first job"),),
                thresholds=above(1800, colour="red"),
                width=8,
            )
        ),
        graph(
            Shown(
                36,
                "Jobs that ended",
                "A minute, by how they did.",
                "none",
                (Query(f"60 * sum by (state) ({rate('adamml_jobs_total')})", "{{state}}"),),
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
                q.SHARE,
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
        graph(
            Shown(
                52,
                "Decoders",
                "Replicas by the version of ffmpeg that decodes in them. More than one: the same"
                " video may get different answers.",
                "none",
                (Query(f"count by (version) ({series('adamml_decoder_info')})", "{{version}}"),),
            )
        ),
        graph(
            Shown(
                53,
                "Decoders in a sandbox",
                "Share of replicas whose kernel keeps decoders in all of its sandbox.",
                q.SHARE,
                (Query(f"avg({series('adamml_decoder_sandboxed')})", "sandboxed"),),
                maximum=1,
            )
        ),
    ]
