"""All attacks on a real server: `python -m tests.attacks.run RESULT`, the record being JSON."""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.attacks.attack import Attack
from tests.attacks.corpus import corpus
from tests.attacks.requests import requests
from tests.attacks.sending import Outcome, Target, send_request, told_apart, wrong
from tests.attacks.watching import resident_bytes

# With the kernel's sandbox, and without: the allow-lists have to do it alone as well.
SANDBOXES = ("auto", "off")
CLIENTS = 2
MAX_JOB_BYTES = 2**28  # as other uploads, so that the disk is not written to for minutes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("--short", action="store_true", help="what make test sends")
    parser.add_argument("--log", type=Path, default=Path("attacks.jsonl"))
    parser.add_argument("--only", default="", help="attacks with this in their names")
    arguments = parser.parse_args()
    attacks = [one for one in corpus(is_long=not arguments.short) if arguments.only in one.name]
    runs = {mode: run(attacks, mode, arguments.log) for mode in SANDBOXES}
    record = {"attacks": len(attacks), "sandbox": runs}
    arguments.result.write_text(json.dumps(record, indent=1) + "\n")
    sys.stdout.write(json.dumps(record, indent=1) + "\n")
    bad = ("wrong", "told_apart", "wrong_requests", "opened", "connected", "left")
    return int(any(one[name] for one in runs.values() for name in bad))


def run(attacks: Sequence[Attack], mode: str, log: Path) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder), sandbox=mode, max_job_upload_bytes=MAX_JOB_BYTES)
        try:
            before = target.warm_up()
            calm = resident_bytes(target.server.process.pid)
            started = time.monotonic()
            outcomes = send_files(target, attacks, mode, log)
            sent = send_all(target)
            seconds = time.monotonic() - started
            return {
                **summary(attacks, outcomes, calm),
                **sent,
                "seconds": round(seconds),
                "opened": target.canaries.num_opened(),
                "connected": target.canaries.num_connected(),
                "left": target.left(before),
            }
        finally:
            target.close()


def send_files(target: Target, attacks: Sequence[Attack], mode: str, log: Path) -> list[Outcome]:
    """Each is a line of `log` as soon as it is answered."""
    writing = threading.Lock()

    def send(attack: Attack) -> Outcome:
        outcome = target.send(attack)
        with writing, log.open("a") as lines:
            lines.write(json.dumps({"sandbox": mode, **outcome.as_line}) + "\n")
        return outcome

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(send, attacks))


def send_all(target: Target) -> dict[str, object]:
    """The attacks that are requests."""
    sent = requests(target.server.client.get("/model").json()["name"])
    answers = [send_request(target, one) for one in sent]
    pairs = zip(sent, answers, strict=True)
    return {
        "requests": len(sent),
        "request_answers": dict(sorted(collections.Counter(a.answer for a in answers).items())),
        "wrong_requests": [str(told) for one, told in pairs if told.answer not in one.expected],
        "most_bytes_sent_before_an_answer": max(one.num_sent for one in answers),
        "slowest_request_seconds": max(one.seconds for one in answers),
        "service_megabytes_in_requests": max(one.service_bytes for one in answers) // 2**20,
    }


def summary(attacks: Sequence[Attack], outcomes: Sequence[Outcome], calm: int) -> dict[str, object]:
    answers = collections.Counter(f"{one.status} {one.code}" for one in outcomes)
    pairs = zip(attacks, outcomes, strict=True)
    slowest = max(outcomes, key=lambda one: one.seconds)
    service = max(outcomes, key=lambda one: one.service_bytes)
    children = max(outcomes, key=lambda one: one.children_bytes)
    return {
        "answers": dict(sorted(answers.items())),
        "wrong": [reason for pair in pairs if (reason := wrong(*pair)) is not None],
        "told_apart": told_apart(attacks, outcomes),
        "slowest": [slowest.name, slowest.seconds],
        "service_megabytes_before": calm // 2**20,
        "service_megabytes": [service.name, service.service_bytes // 2**20],
        "decoders_megabytes": [children.name, children.children_bytes // 2**20],
    }


if __name__ == "__main__":
    sys.exit(main())
