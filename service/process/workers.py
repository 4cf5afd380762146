"""Several processes behind one socket, counted as one.

Each has a model, a queue and places of its own. Metrics are kept in files that every worker reads
when it is scraped. When one worker ends by itself the others drain and the service ends, with a
status that makes whatever runs it start it again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

from prometheus_client import CollectorRegistry, PlatformCollector
from prometheus_client.multiprocess import MultiProcessCollector

from service.app import create_app
from service.locked_directory import LockedDirectory
from service.observability.process_metrics import DecoderCollector, ProcessesCollector
from service.observability.tracing import create_tracing
from service.process.server import prepare_process, run_server, serve_metrics
from service.process.tuning import give_memory_back
from service.recognizer import RecognizerLoader
from service.settings import Settings

# Read by the Prometheus client when it is imported, so it has to be set before a worker starts.
_METRICS_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Each worker leaves an empty file of this kind there, named by its process id.
_WORKER_SUFFIX = ".worker"
_ENDED_WELL = (0, -signal.SIGTERM)


def run_workers(settings: Settings, load: RecognizerLoader) -> int:
    """`load` must be picklable; returns the exit status."""
    prepare_process(settings)
    listener = _listen(settings.host, settings.port)
    with LockedDirectory(settings.temp_dir, "adamml-metrics-") as directory:
        os.environ[_METRICS_DIRECTORY_VARIABLE] = str(directory)
        context = multiprocessing.get_context("spawn")
        serve_metrics(settings, _scraped(directory, os.getpid()))
        arguments = (settings, load, listener, directory)
        workers = [context.Process(target=_work, args=arguments) for _ in range(settings.workers)]
        return _supervise(workers)


def _supervise(workers: Sequence[SpawnProcess]) -> int:
    def stop(number: int | None = None, frame: FrameType | None = None) -> None:
        for worker in workers:
            worker.terminate()

    def hang_up(number: int, frame: FrameType | None) -> None:
        _hang_up(worker.pid for worker in workers if worker.pid is not None)

    for worker in workers:
        worker.start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, hang_up)
    running = {worker.sentinel for worker in workers}
    while running:
        running -= set(wait(running))
        stop()
    # Only now: until it is joined the system keeps the processor time of one that has ended, and
    # the sum over all, a counter, does not fall while others finish their requests.
    for worker in workers:
        worker.join()
    return 0 if all(worker.exitcode in _ENDED_WELL for worker in workers) else 1


def _work(
    settings: Settings, load: RecognizerLoader, listener: socket.socket, directory: Path
) -> None:
    """One worker's life, in its own process."""
    prepare_process(settings)
    threading.Thread(target=_follow_parent, daemon=True).start()
    (directory / f"{os.getpid()}{_WORKER_SUFFIX}").touch()
    scraped = _scraped(directory, os.getppid())
    # Or one worker could still say `not_ready` when another has said that the service is ready.
    app = create_app(
        settings,
        load,
        registry=CollectorRegistry(),
        scraped=scraped,
        loads_first=True,
        give_memory_back=give_memory_back,
        tracing=create_tracing(settings.otlp_endpoint),
    )
    app.state.model_loader.tell_others = partial(_hang_up_others, directory)
    sys.exit(run_server(app, listener))


def _scraped(directory: Path, parent: int) -> CollectorRegistry:
    """All workers' series, and what they and the process that supervises them take."""
    workers = partial(_pids, directory)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(directory))  # type: ignore[no-untyped-call]
    ProcessesCollector(lambda: [parent, *workers()], registry)
    DecoderCollector(workers, registry)
    PlatformCollector(registry=registry)
    return registry


def _pids(directory: Path) -> list[int]:
    return [int(path.stem) for path in directory.glob(f"*{_WORKER_SUFFIX}")]


def _hang_up_others(directory: Path) -> None:
    """Has all other workers change their models, as one of them was told to."""
    _hang_up(pid for pid in _pids(directory) if pid != os.getpid())


def _hang_up(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


def _follow_parent() -> None:
    """Drain when the parent was killed and cannot ask for it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _listen(host: str, port: int) -> socket.socket:
    """Bound but not listening yet: the workers do that when they are ready to accept."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener
