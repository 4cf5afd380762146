"""Watching a live source: each of its segments recognised, as far as there is time for it."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model.common.stopwatch import Stopwatch
from model.inference.options import ResolvedOptions, networks_in_use
from model.inference.streaming.recognizer import Recognized, StreamRecognizer
from model.inputs.streaming.live_stream import LiveStream
from model.runtime.base import Runtime

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Watched:
    """`seconds` since the first frame of the source; `behind_seconds` since the segment's last
    frame came; `skipped` segments were left out just before."""

    recognized: Recognized
    seconds: float
    behind_seconds: float
    skipped: int
    connection: int


def watch_source(
    runtime: Runtime,
    source: str,
    options: ResolvedOptions,
    *,
    on_wait: Callable[[str, float], None],
    is_wanted: Callable[[], bool],
) -> Iterator[Watched]:
    """Until it is no longer wanted; of standard input until its end. A source that is connected
    again begins a new window."""
    every = options.every_seconds
    if every is None:
        raise ValueError("a live source needs every_seconds")
    networks = networks_in_use(options, runtime.spec)
    live = LiveStream(source, networks, every, on_wait)
    recognizer, connection = None, 0
    live.start()
    try:
        while is_wanted():
            try:
                found = live.next(_POLL_SECONDS)
            except queue.Empty:
                continue
            if found is None:
                return
            if recognizer is None or found.connection != connection:
                connection = found.connection
                recognizer = StreamRecognizer(runtime, options, Stopwatch(), None)
            (recognized,) = recognizer.recognize([found.segment])
            yield Watched(
                recognized,
                found.offset_seconds + found.segment.start_seconds,
                time.monotonic() - found.ended,
                found.skipped,
                connection,
            )
    finally:
        live.stop()
