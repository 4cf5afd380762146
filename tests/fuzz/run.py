"""Mutated files to a real server: `python -m tests.fuzz.run --files 3000 --result FILE`.

Each file's answer is a line in LOG; a run that was stopped goes on after the last of them. File
number n is the same in every run with the same seed and base files.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx

from benchmarks.results import machine
from benchmarks.traffic.holding import fill_pools
from tests.fuzz.bases import made_files, own_files
from tests.fuzz.leftovers import settled
from tests.fuzz.mutations import mutated
from tests.service.server_process import ServerProcess

HANG_SECONDS = 150.0  # the service's own deadline is 120 unless set
COMMAND = [sys.executable, "-m", "cli.main", "serve"]
CLIENTS = 4


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as directory:
        folder = arguments.bases or Path(directory) / "bases"
        folder.mkdir(exist_ok=True, parents=True)
        bases = [path.read_bytes() for path in (*made_files(folder), *own_files())]
        server = ServerProcess(COMMAND, directory)
        try:
            server.wait_until_ready(120)
            summary = attack(server, bases, arguments)
        finally:
            server.kill()
    text = json.dumps(summary, indent=2)
    if arguments.result:
        arguments.result.write_text(text + "\n")
    sys.stdout.write(text + "\n")
    return int(bool(summary["server_errors"] or summary["hangs"] or summary["left"]))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--files", type=int, default=10**6)
    parser.add_argument("--numbers", type=numbers, help="these files alone: 89,108")
    parser.add_argument("--minutes", type=float, default=10**6)
    parser.add_argument("--log", type=Path, default=Path("fuzz.jsonl"))
    parser.add_argument("--bases", type=Path, help="keeps the made files for runs to come")
    parser.add_argument("--result", type=Path)
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def attack(server: ServerProcess, bases: list[bytes], arguments: argparse.Namespace) -> dict:
    """Sends what the log lacks; what the server holds is compared before and after."""
    start_all_threads(server, bases[0])
    before = settled(server)
    known = read_log(arguments.log)
    end, writing = time.monotonic() + 60 * arguments.minutes, threading.Lock()

    def one(number: int) -> None:
        if number in known or time.monotonic() > end:
            return
        line = {"number": number, **send_mutated(server, bases, arguments.seed, number)}
        with writing, arguments.log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    ours = arguments.numbers or range(arguments.files)
    with ThreadPoolExecutor(CLIENTS) as pool:
        collections.deque(pool.map(one, ours), maxlen=0)
    left = {name: count for name, count in grown(before, settled(server)).items() if count}
    return {**summary_of(arguments, len(bases)), "held_before": before, "left": left}


def start_all_threads(server: ServerProcess, body: bytes) -> None:
    """Those that start when they are first needed, and stay: for computing, for the disk and the
    database, and OpenCV's, whose first optical flow starts them."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: send(server, body, query="segments=2&policy=all"), range(16)))
    fill_pools(server.url)


def send_mutated(server: ServerProcess, bases: list[bytes], seed: int, number: int) -> dict:
    base = number % len(bases)
    other = bases[(number * 7 + 1) % len(bases)]
    names, body = mutated(bases[base], other, f"{seed}-{number}")
    return {"base": base, "mutations": names, **send(server, body)}


def send(server: ServerProcess, body: bytes, *, query: str = "segments=2") -> dict:
    """Status 0 is no answer within HANG_SECONDS, or a connection that broke."""
    started, code = time.monotonic(), None
    try:
        answer = server.client.post(
            f"/classify?{query}",
            content=body,
            headers={"content-type": "application/octet-stream"},
            timeout=HANG_SECONDS,
        )
        status = answer.status_code
        code = answer.json().get("code") if status != 200 else None
    except httpx.TransportError as error:
        status, code = 0, type(error).__name__
    return {"status": status, "code": code, "seconds": round(time.monotonic() - started, 2)}


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: max(0, after[name] - before[name]) for name in before}


def read_log(path: Path) -> dict[int, dict]:
    lines = path.read_text().splitlines() if path.exists() else []
    return {line["number"]: line for line in map(json.loads, lines)}


def summary_of(arguments: argparse.Namespace, num_bases: int) -> dict:
    lines = list(read_log(arguments.log).values())
    answers = collections.Counter(f"{line['status']} {line['code'] or 'ok'}" for line in lines)
    mutations = collections.Counter(name for line in lines for name in line["mutations"].split("+"))
    slowest = max(lines, key=lambda line: line["seconds"], default=None)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "load_average": round(os.getloadavg()[1], 1),
        "seed": arguments.seed,
        "files": len(lines),
        "base_files": num_bases,
        "server_errors": sum(line["status"] >= 500 for line in lines),
        "hangs": sum(line["status"] == 0 for line in lines),
        "slowest": slowest,
        "mutations": dict(sorted(mutations.items())),
        "answers": dict(sorted(answers.items())),
    }


if __name__ == "__main__":
    sys.exit(main())
