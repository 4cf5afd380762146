"""Target: a real service that is attacked, and what each attack got and took."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2 as httpx

from tests.attacks.attack import Attack, Targets, Workshop
from tests.attacks.canaries import TEXT, Canaries
from tests.attacks.playlists import NEIGHBOUR
from tests.attacks.raw_http import exchange, told
from tests.attacks.requests import Request
from tests.attacks.watching import PeakMemory
from tests.fuzz.leftovers import settled
from tests.service.server_process import ServerProcess

COMMAND = [sys.executable, "-m", "cli.main", "serve"]
HANG_SECONDS = 150.0  # the service's own deadline is 120 unless set
REQUEST_SECONDS = 20.0
# What a file on every such system says, and the canary.
SECRETS = ("root:x:0", "root:*:0", TEXT)
RAW = {"content-type": "video/mp4"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code`: of the problem, "ok" for 200, an error's name where there was no answer. `told`: the
    answer without what differs each time. Bytes are resident ones, of the service and of all
    decoders together, at their most."""

    name: str
    num_bytes: int
    status: int
    code: str
    told: str
    seconds: float
    service_bytes: int
    children_bytes: int

    @property
    def as_line(self) -> dict[str, object]:
        return asdict(self)


class Target:
    """`adamml serve` with the bundled model, canaries beside its uploads."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.server = ServerProcess(COMMAND, folder, **settings)
        self.server.wait_until_ready(120)
        # In the folder of uploads itself, and in the one that this is in.
        uploads = next(self.server.temp_dir.iterdir())
        self.canaries = Canaries([uploads, self.server.temp_dir], NEIGHBOUR)
        targets = Targets(self.server.temp_dir, self.canaries.port)
        (folder / "workshop").mkdir()
        self.shop = Workshop(folder / "workshop", targets)

    def warm_up(self) -> dict[str, int]:
        """What the service holds once all its threads have started."""
        good = Attack("good", lambda shop: shop.clip)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: self.send(good), range(8)))
        return settled(self.server)

    def send(self, attack: Attack) -> Outcome:
        body = attack.make(self.shop)
        with PeakMemory(self.server.process.pid) as peak:
            started = time.monotonic()
            try:
                status, code, told = self._answer(attack, body)
            except httpx.TransportError as error:
                status, code, told = 0, type(error).__name__, ""
            seconds = round(time.monotonic() - started, 2)
        sizes = (peak.service, peak.children)
        return Outcome(attack.name, len(body), status, code, told, seconds, *sizes)

    def _answer(self, attack: Attack, body: bytes) -> tuple[int, str, str]:
        given = {"content": body, "headers": RAW}
        if attack.file_name is not None:
            given = {"files": {"file": (attack.file_name, body, "video/mp4")}}
        url = f"{self.server.url}/classify?{attack.query}"
        answer = httpx.post(url, timeout=HANG_SECONDS, **given)
        said = answer.json()
        if any(secret in answer.text for secret in SECRETS):
            return answer.status_code, "leaked", answer.text
        if answer.status_code != 200:
            return answer.status_code, said["code"], said["detail"]
        told = {name: said[name] for name in ("predictions", "warnings")}
        return 200, "ok", json.dumps({**told, "video": said["video"]})

    def left(self, before: dict[str, int]) -> dict[str, int]:
        """What the service holds and did not hold before."""
        after = settled(self.server, 30.0)
        return {name: after[name] - before[name] for name in after if after[name] > before[name]}

    def close(self) -> None:
        self.canaries.close()
        self.server.kill()


def wrong(attack: Attack, outcome: Outcome) -> str | None:
    """Why it is no right answer; None for one that is."""
    if outcome.status == 0 or outcome.status >= 500:
        return f"{outcome.name}: {outcome.status} {outcome.code}"
    if outcome.code not in attack.expected:
        return f"{outcome.name}: {outcome.code} is none of {', '.join(attack.expected)}"
    return None


def told_apart(attacks: Sequence[Attack], outcomes: Sequence[Outcome]) -> list[str]:
    """Groups that should be answered alike and are not: the answer tells of the server's files."""
    groups: dict[str, set[tuple[str, str]]] = {}
    for attack, outcome in zip(attacks, outcomes, strict=True):
        if attack.alike is not None:
            groups.setdefault(attack.alike, set()).add((outcome.code, outcome.told))
    return [name for name, answers in groups.items() if len(answers) > 1]


@dataclass(frozen=True, slots=True)
class Answer:
    """`num_sent`: bytes that went out before it began."""

    name: str
    answer: str
    num_sent: int
    seconds: float
    service_bytes: int


def send_request(target: Target, request: Request) -> Answer:
    with PeakMemory(target.server.process.pid) as peak:
        started = time.monotonic()
        received, num_sent = exchange(target.server.port, request.pieces(), seconds=REQUEST_SECONDS)
        seconds = round(time.monotonic() - started, 2)
    return Answer(request.name, told(received), num_sent, seconds, peak.service)
