"""Processes counted together: sums, the earliest start, decoders, and processes that are gone."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from service.observability.metrics import create_registry
from service.observability.process_metrics import DecoderCollector, ProcessesCollector


@pytest.fixture
def idle():
    """Another Python process, which does nothing."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def of_one(pid, name):
    registry = CollectorRegistry()
    ProcessCollector(pid=lambda: pid, registry=registry)
    return registry.get_sample_value(name)


def of_all(pids, name):
    registry = CollectorRegistry()
    ProcessesCollector(lambda: pids, registry)
    return registry.get_sample_value(name)


def test_a_registry_knows_its_process_and_its_decoders():
    registry = create_registry()

    assert registry.get_sample_value("process_resident_memory_bytes") > 0
    assert registry.get_sample_value("adamml_decoder_cpu_seconds_total") is not None


@pytest.mark.parametrize("name", ["process_max_fds", "process_cpu_seconds_total"])
def test_processes_are_summed(idle, name):
    pids = [idle.pid, idle.pid]

    assert of_all(pids, name) == 2 * of_one(idle.pid, name)


def test_memory_of_several(idle):
    both = of_all([idle.pid, os.getpid()], "process_resident_memory_bytes")

    assert both > of_one(idle.pid, "process_resident_memory_bytes") > 1e6


def test_the_start_is_the_first_ones(idle):
    name = "process_start_time_seconds"

    assert of_all([idle.pid, os.getpid()], name) == of_one(os.getpid(), name)
    assert of_one(os.getpid(), name) < of_one(idle.pid, name) <= time.time()


def test_a_process_that_is_gone_counts_nothing(idle):
    idle.kill()
    idle.wait()
    name = "process_max_fds"

    assert of_all([idle.pid, os.getpid()], name) == of_one(os.getpid(), name)
    registry = CollectorRegistry()
    DecoderCollector(lambda: [idle.pid], registry)
    assert registry.get_sample_value("adamml_decoder_cpu_seconds_total") == 0


def test_a_process_that_nobody_has_waited_for_keeps_its_time():
    """It used processors, and a counter must not fall; memory it has none any more."""
    busy = subprocess.Popen([sys.executable, "-c", "sum(range(10_000_000))"])
    os.waitid(os.P_PID, busy.pid, os.WEXITED | os.WNOWAIT)

    assert of_all([busy.pid], "process_cpu_seconds_total") > 0.05
    assert of_all([busy.pid], "process_resident_memory_bytes") == 0
    busy.wait()
    assert of_all([busy.pid], "process_cpu_seconds_total") is None


def test_the_time_of_ended_children_is_the_decoders():
    registry = CollectorRegistry()
    DecoderCollector(lambda: [os.getpid()], registry)
    before = registry.get_sample_value("adamml_decoder_cpu_seconds_total")
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)

    after = registry.get_sample_value("adamml_decoder_cpu_seconds_total")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after > before
    assert after == pytest.approx(used.ru_utime + used.ru_stime, abs=0.05)
