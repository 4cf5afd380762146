"""Following a live source for long: memory, how far behind, what was skipped.

python -m benchmarks.traffic.watching VIDEO MINUTES RESULT.json
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.traffic.holding import anonymous_bytes
from model.inputs.ffmpeg.programs import programs

_PORT = 5123
_SAMPLE_SECONDS = 10.0
# The first minute is left out: buffers and caches fill.
_WARM_UP_SECONDS = 60.0
# In the middle the source falls silent.
_PAUSE_SECONDS = 20.0


def _send(video: Path, address: str) -> subprocess.Popen[bytes]:
    source = [programs().ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(video)]
    return subprocess.Popen([*source, "-c", "copy", "-f", "mpegts", f"{address}?pkt_size=1316"])


def follow(video: Path, minutes: float) -> dict[str, object]:
    """The video over and over, at the speed of its time, by UDP; silent once, half-way."""
    address = f"udp://127.0.0.1:{_PORT}"
    watch = [sys.executable, "-m", "cli.main", "watch", address, "--json"]
    samples: list[int] = []
    with tempfile.TemporaryFile("w+") as lines, tempfile.TemporaryFile("w+") as said:
        watching = subprocess.Popen(watch, stdout=lines, stderr=said)
        begun = time.monotonic()
        for half in (0, 1):
            sending = _send(video, address)
            while time.monotonic() - begun < 30 * minutes * (half + 1):
                time.sleep(_SAMPLE_SECONDS)
                if time.monotonic() - begun > _WARM_UP_SECONDS:
                    samples.append(anonymous_bytes(watching.pid))
            sending.kill()
            sending.wait()
            time.sleep(0 if half else _PAUSE_SECONDS)
        watching.terminate()
        watching.wait(30)
        lines.seek(0)
        segments = [json.loads(line) for line in lines if line.strip()]
        said.seek(0)
        messages = said.read().splitlines()
    return {"minutes": minutes, **_memory(samples), **_timing(segments), "messages": messages[:9]}


def _memory(samples: list[int]) -> dict[str, object]:
    edges = [round(tenth * len(samples) / 10) for tenth in range(11)]
    tenths = [samples[a : max(b, a + 1)] for a, b in itertools.pairwise(edges)]
    return {
        "megabytes_by_tenth": [
            round(statistics.median(tenth) / 1e6, 1) for tenth in tenths if tenth
        ],
        "megabytes_most": round(max(samples) / 1e6, 1),
    }


def _timing(segments: list[dict[str, float]]) -> dict[str, object]:
    behind = [segment["behind_seconds"] for segment in segments]
    times = [segment["unix_seconds"] for segment in segments]
    return {
        "segments": len(segments),
        "skipped": sum(segment["skipped"] for segment in segments),
        "connections": segments[-1]["connection"],
        "longest_silence_seconds": round(max(b - a for a, b in itertools.pairwise(times)), 1),
        "behind_seconds_median": round(statistics.median(behind), 3),
        "behind_seconds_most": round(max(behind), 3),
    }


if __name__ == "__main__":
    measured = follow(Path(sys.argv[1]), float(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(measured, indent=2) + "\n")
    print(json.dumps(measured))  # noqa: T201
