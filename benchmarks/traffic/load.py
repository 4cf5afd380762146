"""A load on a running service: so many clients, each posting one video after the other."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from benchmarks.traffic.bodies import Body

# Refused for being too many, a client waits as it is told, but not for longer than this.
_MAX_PAUSE_SECONDS = 5.0
_TIMEOUT_SECONDS = 330.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` 0: no answer came, and `code` says why. Codes are those of problems, or "ok"."""

    body: Body
    status: int
    code: str
    seconds: float
    compute: dict[str, Any] | None = None

    @property
    def is_expected(self) -> bool:
        """Anything may be told to wait."""
        return self.status == 429 or self.status // 100 in self.body.statuses


class Load:
    """Posts bodies at random until a number of requests or a time is reached."""

    def __init__(self, url: str, bodies: Sequence[Body], *, bad: Sequence[Body] = ()) -> None:
        self._url = url.rstrip("/")
        self._bodies, self._bad = list(bodies), list(bad)
        self._lock = threading.Lock()
        self._left = 0

    def run(
        self,
        *,
        clients: int,
        requests: int,
        seconds: float | None = None,
        bad_share: float = 0.0,
        query: str = "",
        seed: int = 0,
    ) -> list[Outcome]:
        """At most `requests`, and none begins after `seconds`."""
        self._left = requests
        end = time.monotonic() + (seconds if seconds is not None else float("inf"))

        def client(number: int) -> list[Outcome]:
            generator = random.Random(seed * 10_000 + number)
            with httpx.Client(timeout=_TIMEOUT_SECONDS) as connection:
                done = []
                while time.monotonic() < end and self._take():
                    body = self._choose(generator, bad_share)
                    done.append(self._post(connection, body, query))
                return done

        with ThreadPoolExecutor(clients) as pool:
            return [outcome for done in pool.map(client, range(clients)) for outcome in done]

    def _take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def _choose(self, generator: random.Random, bad_share: float) -> Body:
        is_bad = bool(self._bad) and generator.random() < bad_share
        return generator.choice(self._bad if is_bad else self._bodies)

    def _post(self, connection: httpx.Client, body: Body, query: str) -> Outcome:
        start = time.monotonic()
        try:
            response = connection.post(
                f"{self._url}/classify?{query}",
                content=body.content,
                headers={"content-type": "application/octet-stream"},
            )
        except httpx.HTTPError as error:
            return Outcome(body, 0, type(error).__name__, time.monotonic() - start)
        seconds = time.monotonic() - start
        if response.status_code == 429:
            time.sleep(min(_MAX_PAUSE_SECONDS, float(response.headers.get("retry-after", 1))))
        answer = _json(response)
        compute = answer.get("compute") if response.status_code == 200 else None
        return Outcome(body, response.status_code, answer.get("code", "ok"), seconds, compute)


def _json(response: httpx.Response) -> dict[str, Any]:
    """An intermediary's error page is no JSON."""
    try:
        answer = response.json()
    except ValueError:
        return {"code": "no_json"}
    return answer if isinstance(answer, dict) else {"code": "no_object"}
