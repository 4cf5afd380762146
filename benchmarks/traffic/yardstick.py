"""A yardstick: a fixed piece of work, by which what a noisy machine does can be told from what a
service on it does."""

from __future__ import annotations

import statistics
import subprocess
import time

from model.inputs.ffmpeg.programs import programs

_TIMES = 3
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=4")
_WORK = ("-filter_threads", "1", "-vf", "scale=-2:256,hqdn3d", "-f", "null", "-")


def yardstick_seconds() -> float:
    """The median time in which the pinned ffmpeg draws, scales and smooths 100 frames, with one
    thread."""
    command = [programs().ffmpeg, "-v", "error", "-nostdin", *_PICTURE, *_WORK]
    seconds = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        subprocess.run(command, check=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
