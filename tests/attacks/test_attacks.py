"""Attacks on a real service with the real decoder: right answers, nothing told, nothing left.

The short form of `make attacks`, whose record is `record.json`.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.inputs.ffmpeg.programs import programs
from tests.attacks.attack import Attack, Targets, Workshop
from tests.attacks.canaries import Canaries
from tests.attacks.corpus import corpus
from tests.attacks.playlists import NEIGHBOUR, PLAYLISTS
from tests.attacks.raw_http import head
from tests.attacks.requests import requests
from tests.attacks.sending import Target, send_request, told_apart, wrong
from tests.attacks.watching import resident_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc, by inotify")

CLIENTS = 2
# More than a calm service holds; what its decoders hold together; and how long one answer takes,
# whose deadline is 120 s.
MOST_SERVICE_BYTES, MOST_DECODER_BYTES, MOST_SECONDS = 300 * 2**20, 2 * 2**30, 60.0
LIMIT = 8 * 2**20
# What systems take of a client beyond what the service has read.
BUFFERED_BYTES = 32 * 2**20
RECORD = Path(__file__).with_name("record.json")


@pytest.fixture
def target(tmp_path):
    target = Target(tmp_path, max_upload_bytes=LIMIT, max_job_upload_bytes=LIMIT)
    yield target
    target.close()


@pytest.fixture
def calm(target):
    """What the service holds when all has been warmed up: counts, and bytes of memory."""
    return target.warm_up(), resident_bytes(target.server.process.pid)


def test_files(target, calm):
    held, memory = calm
    attacks = corpus(is_long=False)
    with ThreadPoolExecutor(CLIENTS) as pool:
        outcomes = list(pool.map(target.send, attacks))

    assert [
        reason for pair in zip(attacks, outcomes, strict=True) if (reason := wrong(*pair))
    ] == []
    assert told_apart(attacks, outcomes) == []
    assert (target.canaries.num_opened(), target.canaries.num_connected()) == (0, 0)
    assert max(one.service_bytes for one in outcomes) < memory + MOST_SERVICE_BYTES
    assert max(one.children_bytes for one in outcomes) < MOST_DECODER_BYTES
    assert max(one.seconds for one in outcomes) < MOST_SECONDS
    assert target.left(held) == {}


def test_requests(target, calm):
    held, memory = calm
    waiting = slow_heads(target, 100)
    begun = time.monotonic()
    model = target.server.client.get("/model").json()["name"]
    sent = [one for one in requests(model) if not one.is_long]
    answers = [send_request(target, one) for one in sent]

    pairs = zip(sent, answers, strict=True)
    assert [told for one, told in pairs if told.answer not in one.expected] == []
    assert max(one.num_sent for one in answers) < LIMIT + BUFFERED_BYTES
    assert max(one.service_bytes for one in answers) < memory + MOST_SERVICE_BYTES
    assert target.send(Attack("good", lambda shop: shop.clip)).code == "ok"
    time.sleep(max(0.0, begun + 11.0 - time.monotonic()))
    assert [one for one in waiting if not is_closed(one)] == []
    assert target.left(held) == {}


def slow_heads(target, count):
    """Connections whose first request never ends."""
    made = [socket.create_connection(("127.0.0.1", target.server.port)) for _ in range(count)]
    for connection in made:
        connection.sendall(head("/classify", "X: y")[:-2])
    return made


def is_closed(connection):
    with connection:
        connection.settimeout(10.0)
        try:
            return connection.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def test_canaries_notice(tmp_path):
    canaries = Canaries([tmp_path], NEIGHBOUR)
    assert (canaries.num_opened(), canaries.num_connected()) == (0, 0)

    (tmp_path / NEIGHBOUR).read_bytes()
    socket.create_connection(("127.0.0.1", canaries.port)).close()

    assert canaries.num_opened() > 0
    assert canaries.num_connected() == 1
    canaries.close()


UNGUARDED = {
    ("hls", "absolute"): ("-allowed_extensions", "ALL", "-extension_picky", "0"),
    ("hls", "http"): ("-protocol_whitelist", "file,http,tcp"),
    ("ffconcat", "absolute"): ("-safe", "0"),
    ("ffconcat", "http"): ("-safe", "0", "-protocol_whitelist", "file,http,tcp"),
}


@pytest.mark.parametrize(("kind", "where"), UNGUARDED)
def test_playlists_are_real(tmp_path, kind, where):
    """Without the allow-lists and the sandbox the decoder follows them, and is noticed."""
    canaries = Canaries([tmp_path], NEIGHBOUR)
    targets = Targets(tmp_path, canaries.port)
    path = tmp_path / ("list.m3u8" if kind == "hls" else "list")  # else it is not taken for one
    path.write_text(PLAYLISTS[kind].format(target=targets.of(where, NEIGHBOUR)))
    command = [programs().ffprobe, "-v", "quiet", "-rw_timeout", "1000000", *UNGUARDED[kind, where]]
    with subprocess.Popen([*command, f"file:{path}"], stdout=subprocess.DEVNULL) as decoder:
        end, connected, opened = time.monotonic() + 30, 0, 0
        while time.monotonic() < end and not (connected or opened):
            connected += canaries.num_connected()
            opened += canaries.num_opened()
            time.sleep(0.02)
        decoder.kill()

    assert connected if where == "http" else opened
    canaries.close()


def test_the_corpus_is_the_same_every_time(tmp_path):
    """Files that our own code writes; names are told apart."""
    shop = Workshop(tmp_path, Targets(tmp_path, 1))
    attacks = corpus(is_long=True)

    assert len({attack.name for attack in attacks}) == len(attacks)
    for attack in corpus(is_long=False)[::10]:
        assert attack.make(shop) == attack.make(shop), attack.name


def test_the_record_is_of_this_corpus():
    record = json.loads(RECORD.read_text())

    assert record["attacks"] == len(corpus(is_long=True))
    for run in record["sandbox"].values():
        assert run["wrong"] == run["told_apart"] == run["wrong_requests"] == []
        assert (run["opened"], run["connected"], run["left"]) == (0, 0, {})
        assert not [answer for answer in run["answers"] if answer[0] in "05"]
