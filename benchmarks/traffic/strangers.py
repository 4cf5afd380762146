"""Strangers: what the sandbox costs, and what good clients get beside ones that drip."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from urllib.parse import urlsplit

import httpx2 as httpx

from benchmarks.clips import film
from benchmarks.interleaved import interleave
from benchmarks.results import Measured
from benchmarks.traffic.running_service import Service, running_service
from model.common.deadline import Deadline
from model.files.bundle import read_spec
from model.inference.loading import BUNDLED_MODEL
from model.inputs.ffmpeg import kernel_sandbox
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.kernel_sandbox import Offered, offered, start_confined
from model.inputs.ffmpeg.programs import programs
from model.inputs.open_video import open_video

DRIPPERS, GOOD_CLIENTS, BYTE_SECONDS = 200, 4, 0.5
# Of each round.
_TURNS = 3
_NOTHING = Offered(landlock=0, seccomp=False)
_VIDEO = {"content-type": "video/mp4"}


def measure(*, rounds: int, seconds: float) -> list[Measured]:
    """`rounds` of each; in each `seconds` of requests with drippers, and as many without."""
    with tempfile.TemporaryDirectory() as name:
        clip = film(Path(name) / "clip.mp4", seconds=5, size="320x240")
        return [
            *_sandbox(clip, rounds),
            _processor_time(seconds),
            _dripping(clip, rounds, seconds),
        ]


def _sandbox(clip: Path, rounds: int) -> Iterator[Measured]:
    spec = read_spec(BUNDLED_MODEL)

    def start() -> None:
        command = [programs().ffprobe, "-version"]
        start_confined(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait()

    def inputs() -> None:
        video = open_video(clip, spec, 10, limits=DecodeLimits(), deadline=Deadline(600))
        for modality in spec.modality_names:
            video.policy_inputs(modality)

    for what, work, times, wanted in (
        ("start of a decoder in the sandbox", start, 20, "<= 3"),
        ("inputs of a clip of 5 s, 320x240, in the sandbox", inputs, 1, "<= 1.1"),
    ):
        timings = interleave(
            {"in": _in(offered(), work), "out": _in(_NOTHING, work)}, rounds=rounds * times
        )
        more = (timings.median("in") - timings.median("out")) * 1000
        yield Measured(
            what,
            timings.ratio("in", "out"),
            "the same without",
            wanted,
            f"{offered()}; {more:.1f} ms more than {timings.median('out') * 1000:.1f} ms",
            unit="of the time",
        )


def _in(found: Offered, work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        real = kernel_sandbox.sandbox_in_use
        kernel_sandbox.sandbox_in_use = lambda: found  # type: ignore[assignment]
        try:
            work()
        finally:
            kernel_sandbox.sandbox_in_use = real

    return run


def _dripping(clip: Path, rounds: int, seconds: float) -> Measured:
    """Turns with and without are many and short, and each is first as often, as the machine's own
    speed changes."""
    body = clip.read_bytes()
    alone, beside = [], []
    with running_service() as service:
        _rate(service, body, 2.0)
        for number in range(rounds * _TURNS):
            for with_drippers in (number % 2 == 0, number % 2 == 1):
                if with_drippers:
                    with drippers(service):
                        beside.append(_rate(service, body, seconds / _TURNS))
                else:
                    alone.append(_rate(service, body, seconds / _TURNS))
    refused = sum(others for _, others in beside)
    rates = fmean(rate for rate, _ in beside), fmean(rate for rate, _ in alone)
    return Measured(
        f"answers to {GOOD_CLIENTS} clients beside {DRIPPERS} that drip",
        rates[0] / rates[1],
        "the same clients alone",
        ">= 0.9",
        f"{rates[0]:.2f} a second against {rates[1]:.2f}; {refused} were no 200; a byte every"
        f" {BYTE_SECONDS:g} s, {len(beside)} turns of {seconds / _TURNS:g} s each way",
        unit="of the rate",
    )


def _processor_time(seconds: float) -> Measured:
    """Of the service alone: what it does for those that drip, whatever else the machine does."""
    with running_service() as service, drippers(service):
        time.sleep(1.0)
        before, start = service.processor_seconds, time.monotonic()
        time.sleep(seconds)
        share = (service.processor_seconds - before) / (time.monotonic() - start)
    return Measured(
        f"processor time of the service for {DRIPPERS} clients that drip, and nobody else",
        share,
        "one core",
        "<= 0.1",
        f"a byte every {BYTE_SECONDS:g} s from each, over {seconds:g} s",
        unit="of the time",
    )


@contextmanager
def drippers(service: Service) -> Iterator[None]:
    address = urlsplit(service.url)
    command = [sys.executable, "-m", "benchmarks.traffic.dripping", str(address.hostname)]
    command += [str(address.port), str(DRIPPERS), str(BYTE_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("the clients that drip did not start")
            yield
        finally:
            process.kill()


def _rate(service: Service, body: bytes, seconds: float) -> tuple[float, int]:
    """Answers of 200 a second, and how many others."""
    end = time.monotonic() + seconds
    statuses: list[int] = []

    def post() -> None:
        with httpx.Client(base_url=service.url, timeout=120) as client:
            while time.monotonic() < end:
                answer = client.post("/classify?segments=2", content=body, headers=_VIDEO)
                statuses.append(answer.status_code)

    start = time.monotonic()
    threads = [threading.Thread(target=post) for _ in range(GOOD_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = statuses.count(200)
    return good / (time.monotonic() - start), len(statuses) - good
