"""What the service's processes take: those of all workers summed, and of the decoders they ran."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

Pids = Callable[[], Iterable[int]]
_PROC = Path("/proc")


class ProcessesCollector(Collector):
    """The usual process_* series, of several processes as if they were one.

    Memory that processes share counts once for each. Outside of Linux there are no series.
    """

    def __init__(self, pids: Pids, registry: CollectorRegistry) -> None:
        self._pids = pids
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        values: dict[str, list[float]] = {}
        families: dict[str, Metric] = {}
        for family in self._of_each():
            families.setdefault(family.name, family)
            values.setdefault(family.name, []).append(family.samples[0].value)
        for name, family in families.items():
            merge = min if name == "process_start_time_seconds" else sum
            family.samples = [family.samples[0]._replace(value=float(merge(values[name])))]
        return families.values()

    def _of_each(self) -> Iterator[Metric]:
        for pid in self._pids():
            one = ProcessCollector(pid=lambda pid=pid: pid, registry=None)  # type: ignore[misc]
            yield from one.collect()


class DecoderCollector(Collector):
    """Processor time of ffmpeg and ffprobe, which the processes that ran them do not show."""

    def __init__(self, pids: Pids, registry: CollectorRegistry) -> None:
        self._pids = pids
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "adamml_decoder_cpu_seconds",
            "Processor time of the ffmpeg and ffprobe processes that have ended.",
            value=sum(_seconds_of_children(pid) for pid in self._pids()),
        )
        return [family]


def _seconds_of_children(pid: int) -> float:
    """User and system time of the children that `pid` has waited for; 0 when it is gone."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0.0
    # The name, in parentheses, may hold spaces; then come the fields from the third on.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
