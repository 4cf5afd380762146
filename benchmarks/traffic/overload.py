"""The service under four times what it can do: goodput, latency, refusals, memory.

python -m benchmarks.traffic.overload RESULT.json [ROUNDS [SECONDS [VIDEO]]]

Settings of the service are those of the environment.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx

from benchmarks.clips import film
from benchmarks.results import machine
from benchmarks.traffic.holding import anonymous_bytes
from benchmarks.traffic.running_service import Service, running_service

# The seconds bind, not the number; they hold on machines of any speed.
CONCURRENCY, MAX_QUEUE, MAX_QUEUE_SECONDS = 2, 64, 3.0
OVERLOAD = 4.0
# So many clients, one request after the other, find the best rate: the places are never empty.
_CLIENTS = 2 * CONCURRENCY
# Of the refused, this many obey at the end of a round. They come back at one moment, and find
# the room that so short a queue has.
_OBEDIENT = 4
_BETWEEN_SECONDS = 0.02
_TIMEOUT_SECONDS = 120.0


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """`seconds` to the end of the answer; `compute_seconds` of an answer, `retry_after` of a
    refusal."""

    status: int
    seconds: float
    ended: float
    compute_seconds: float = 0.0
    retry_after: float = 0.0


async def post(url: str, body: bytes, headers: str = "") -> Outcome:
    """On a connection of its own, by hand: a client library takes more of the processor than the
    service needs to refuse. Status 0: no answer."""
    start = time.monotonic()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            head, content = await _exchange(url, body, headers)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return Outcome(0, time.monotonic() - start, time.monotonic())
    status, ended = int(head[0].split()[1]), time.monotonic()
    fields = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in head)}
    compute = json.loads(content)["compute"]["seconds_by_stage"]["total"] if status == 200 else 0
    return Outcome(status, ended - start, ended, compute, float(fields.get("retry-after", 0)))


async def _exchange(url: str, body: bytes, headers: str) -> tuple[list[str], bytes]:
    """Lines of the head, and the content. A refusal is read as soon as it is there, though not all
    of the body was sent."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(
            f"POST /classify HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n{headers}"
            f"Content-Type: video/mp4\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        writer.write(body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        refused = head[0].split()[1] != "200"
        return head, b"" if refused else await reader.read()
    finally:
        writer.close()


async def closed_loop(url: str, body: bytes, *, seconds: float) -> list[Outcome]:
    """As many as are answered one after the other."""
    end = time.monotonic() + seconds

    async def client() -> list[Outcome]:
        done = []
        while time.monotonic() < end:
            done.append(await post(url, body))
        return done

    return [
        one for done in await asyncio.gather(*(client() for _ in range(_CLIENTS))) for one in done
    ]


async def open_loop(url: str, body: bytes, *, rate: float, seconds: float) -> list[Outcome]:
    """So many a second, whatever becomes of those before."""
    loop = asyncio.get_running_loop()
    start, tasks = loop.time(), []
    for number in range(round(rate * seconds)):
        await asyncio.sleep(start + number / rate - loop.time())
        tasks.append(asyncio.create_task(post(url, body)))
    return list(await asyncio.gather(*tasks))


async def obedient(url: str, body: bytes) -> list[Outcome]:
    """Fill the service until it has refused some, and have those come back exactly when it says."""
    refused = asyncio.Queue[Outcome]()
    coming: list[asyncio.Task[Outcome | None]] = []
    while refused.qsize() < _OBEDIENT and len(coming) < 2 * (CONCURRENCY + MAX_QUEUE):
        coming.append(asyncio.create_task(_obey(url, body, refused)))
        await asyncio.sleep(_BETWEEN_SECONDS)
    outcomes = await asyncio.gather(*coming)
    return [one for one in outcomes if one is not None]


async def _obey(url: str, body: bytes, refused: asyncio.Queue[Outcome]) -> Outcome | None:
    """The second try of one that was refused."""
    first = await post(url, body)
    if first.status != 429:
        return None
    refused.put_nowait(first)
    await asyncio.sleep(first.retry_after)
    return await post(url, body)


async def one_round(service: Service, body: bytes, *, seconds: float) -> dict[str, float]:
    """The best rate, then four times as much for `seconds`, then those who obey, and the best rate
    once more: where other work comes and goes beside it, the mean of both is compared with."""
    before = await _best(service, body, seconds=seconds / 4)
    begin, processor = time.monotonic(), _processor_seconds(service)
    flood = await open_loop(service.url, body, rate=OVERLOAD * before.rate, seconds=seconds)
    by_processor = _answered(flood) / (_processor_seconds(service) - processor)
    # The queue that is left is served after the flood's end, which would count as goodput.
    goodput = _answered([one for one in flood if one.ended <= begin + seconds]) / seconds
    second_tries = await obedient(service.url, body)
    after = await _best(service, body, seconds=seconds / 4)
    return {
        "best_per_second": before.rate,
        "best_per_second_after": after.rate,
        "goodput_ratio": goodput / statistics.mean((before.rate, after.rate)),
        "goodput_ratio_by_processor_time": by_processor
        / statistics.mean((before.by_processor, after.by_processor)),
        **_latencies(flood),
        **{f"status_{status}": n for status, n in Counter(one.status for one in flood).items()},
        "obedient": len(second_tries),
        "obedient_answered": _answered(second_tries),
        "load_average": os.getloadavg()[0],
        "anonymous_megabytes": anonymous_bytes(service.pid) / 1e6,
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Best:
    """Answers a second, and a second of processor time of the service and its decoders."""

    rate: float
    by_processor: float


async def _best(service: Service, body: bytes, *, seconds: float) -> Best:
    begin, processor = time.monotonic(), _processor_seconds(service)
    done = await closed_loop(service.url, body, seconds=seconds)
    wall_seconds = max(one.ended for one in done) - begin
    spent = _processor_seconds(service) - processor
    return Best(_answered(done) / wall_seconds, _answered(done) / spent)


def _processor_seconds(service: Service) -> float:
    text = httpx.get(f"{service.url}/metrics").text
    names = ("process_cpu_seconds_total ", "adamml_decoder_cpu_seconds_total ")
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(names))


def _answered(outcomes: Sequence[Outcome]) -> int:
    return sum(one.status == 200 for one in outcomes)


def _latencies(flood: Sequence[Outcome]) -> dict[str, float]:
    """Seconds. The bound is what a request may wait, and then the 95th percentile of what they
    took to compute."""
    accepted = [one.seconds for one in flood if one.status == 200]
    refused = [one.seconds for one in flood if one.status == 429]
    compute = [one.compute_seconds for one in flood if one.status == 200]
    return {
        "accepted_p95_seconds": quantile(accepted, 0.95),
        "bound_seconds": MAX_QUEUE_SECONDS + quantile(compute, 0.95),
        "refused_p50_seconds": quantile(refused, 0.5),
        "refused_p95_seconds": quantile(refused, 0.95),
        "refused_within_100_ms": sum(one <= 0.1 for one in refused) / max(1, len(refused)),
        "retry_after_is_told": sum(o.retry_after >= 1 for o in flood) / max(1, len(refused)),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, round(share * len(ordered)) - 1)] if ordered else 0.0


def measure(body: bytes, *, rounds: int, seconds: float) -> dict[str, object]:
    """Medians of the rounds, and the rounds."""
    settings = {
        "max_concurrency": CONCURRENCY,
        "max_queue": MAX_QUEUE,
        "max_queue_seconds": MAX_QUEUE_SECONDS,
        "max_uploads": 2 * MAX_QUEUE,
        "log_level": "error",
    }
    with running_service(**settings) as service:
        asyncio.run(closed_loop(service.url, body, seconds=seconds / 6))
        done = [asyncio.run(one_round(service, body, seconds=seconds)) for _ in range(rounds)]
    names = [name for name in done[0] if not name.startswith("status_")]
    medians = {name: round(statistics.median(one[name] for one in done), 4) for name in names}
    memory = [one["anonymous_megabytes"] for one in done]
    return {
        "processor": machine(),
        "seconds": seconds,
        "times_the_best_rate": OVERLOAD,
        "median": medians,
        "memory_last_to_first": round(memory[-1] / memory[0], 4),
        "rounds": [{name: round(value, 4) for name, value in one.items()} for one in done],
    }


def main(result: Path, rounds: int = 3, seconds: float = 60.0, video: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clip = video or film(Path(folder) / "clip.mp4", seconds=5, size="320x240")
        document = measure(clip.read_bytes(), rounds=rounds, seconds=seconds)
    result.write_text(json.dumps(document, indent=2) + "\n")
    sys.stdout.write(json.dumps(document["median"], indent=2) + "\n")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        Path(given[0]),
        int(given[1]) if len(given) > 1 else 3,
        float(given[2]) if len(given) > 2 else 60.0,
        Path(given[3]) if len(given) > 3 else None,
    )
