"""Following a live source for long: memory, how far behind, what was skipped.

python -m benchmarks.watching VIDEO MINUTES RESULT.json
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from model.inputs.ffmpeg.programs import programs

_PORT = 5123
_SAMPLE_SECONDS = 10.0
# The first minute is left out: buffers and caches fill.
_WARM_UP_SECONDS = 60.0


def resident_bytes(pid: int) -> int:
    """Of a process and what it started, shared pages divided among those that share them."""
    total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            children = Path(f"/proc/{one}/task/{one}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
        waiting += [int(child) for child in children.split()]
    return total * 1024


def follow(video: Path, minutes: float) -> dict[str, object]:
    """The video over and over, at the speed of its time, by UDP."""
    address = f"udp://127.0.0.1:{_PORT}"
    source = [programs().ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(video)]
    watch = [sys.executable, "-m", "cli.main", "watch", address, "--json"]
    samples: list[int] = []
    with tempfile.TemporaryFile("w+") as lines, tempfile.TemporaryFile("w+") as said:
        watching = subprocess.Popen(watch, stdout=lines, stderr=said)
        sending = subprocess.Popen(
            [*source, "-c", "copy", "-f", "mpegts", f"{address}?pkt_size=1316"]
        )
        begun = time.monotonic()
        while time.monotonic() - begun < 60 * minutes:
            time.sleep(_SAMPLE_SECONDS)
            if time.monotonic() - begun > _WARM_UP_SECONDS:
                samples.append(resident_bytes(watching.pid))
        watching.terminate()
        watching.wait(30)
        sending.kill()
        sending.wait()
        lines.seek(0)
        segments = [json.loads(line) for line in lines if line.strip()]
        said.seek(0)
        messages = said.read().splitlines()
    tenth = max(1, len(samples) // 10)
    behind = [segment["behind_seconds"] for segment in segments]
    return {
        "minutes": minutes,
        "segments": len(segments),
        "skipped": sum(segment["skipped"] for segment in segments),
        "connections": segments[-1]["connection"],
        "megabytes_first_tenth": round(statistics.median(samples[:tenth]) / 1e6, 1),
        "megabytes_last_tenth": round(statistics.median(samples[-tenth:]) / 1e6, 1),
        "megabytes_most": round(max(samples) / 1e6, 1),
        "behind_seconds_median": round(statistics.median(behind), 3),
        "behind_seconds_most": round(max(behind), 3),
        "messages": messages[:5],
    }


if __name__ == "__main__":
    measured = follow(Path(sys.argv[1]), float(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(measured, indent=2) + "\n")
    print(json.dumps(measured))  # noqa: T201
