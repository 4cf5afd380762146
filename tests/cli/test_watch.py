"""adamml watch: pipes, growing files, UDP and HTTP; reconnecting, skipping, metrics."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from model.inference.classification import ClassifyOptions
from model.inference.classifier import Classifier
from model.inputs.ffmpeg.programs import programs
from model.runtime.openvino import OpenvinoRuntime
from tests.support.clips import ffmpeg
from tests.support.moving_clip import moving_clip

SECONDS = 8


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """MPEG-TS with a key frame a second, as cameras and encoders of streams send it."""
    folder = tmp_path_factory.mktemp("watch")
    whole = moving_clip(folder / "c.mp4", seconds=SECONDS)
    path = folder / "c.ts"
    ffmpeg("-i", whole, "-g", "25", "-c:a", "aac", "-f", "mpegts", path)
    return path


class Watching:
    def __init__(self, model, source, *options, stdin=subprocess.DEVNULL):
        command = [sys.executable, "-m", "cli.main", "watch", source, "--json"]
        self.process = subprocess.Popen(
            [*command, "--model", str(model), *options],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines, self.said = [], []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.lines)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.said)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe, into):
        for line in pipe:
            into.append(line)

    @property
    def segments(self):
        return [json.loads(line) for line in list(self.lines)]

    def wait_for(self, condition, seconds=40):
        end = time.monotonic() + seconds
        while not condition(self):
            assert self.process.poll() is None or condition(self), self.said
            assert time.monotonic() < end, (self.lines[-2:], self.said)
            time.sleep(0.05)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(20)
        for reader in self._readers:
            reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return status


@pytest.fixture
def watch(tiny_bundle):
    started = []

    def start(source, *options, **others):
        started.append(Watching(tiny_bundle, source, *options, **others))
        return started[-1]

    yield start
    for watching in started:
        watching.end()


@contextmanager
def sending(clip, *output):
    """ffmpeg that sends the clip at the speed of its time."""
    command = [programs().ffmpeg, "-v", "error", "-re", "-i", str(clip), "-c", "copy", *output]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def test_a_pipe_gives_what_the_file_gives(watch, clip, tiny_bundle):
    classifier = Classifier(OpenvinoRuntime.load(tiny_bundle))
    expected = classifier.classify(clip, ClassifyOptions(every_seconds=1.0)).segments

    with sending(clip, "-f", "mpegts", "pipe:1") as sender:
        watching = watch("-", stdin=sender.stdout)
        watching.wait_for(lambda w: w.process.poll() is not None)

    assert watching.end() == 0
    segments = {segment["index"]: segment for segment in watching.segments}
    assert len(segments) >= SECONDS - 3
    skipped = sum(segment["skipped"] for segment in segments.values())
    for index, segment in segments.items():
        if index < SECONDS - 2 and not skipped:
            decided = {name: d.decision for name, d in expected[index].modalities.items()}
            assert {n: d["decision"] for n, d in segment["modalities"].items()} == decided
            assert segment["predictions"][0]["label"] == expected[index].predictions[0].label
        assert segment["behind_seconds"] < 3


def test_udp(watch, clip, free_port):
    address = f"udp://127.0.0.1:{free_port}"
    watching = watch(address)
    time.sleep(3)  # It must listen: what is sent to nobody is lost.
    begun = time.time()
    with sending(clip, "-f", "mpegts", f"{address}?pkt_size=1316"):
        watching.wait_for(lambda w: len(w.lines) >= 4)

    for segment in watching.segments[:4]:
        assert segment["unix_seconds"] - begun - segment["end_seconds"] < 3 + 1.5  # and probing
    assert watching.end() == 0


class Broken(BaseHTTPRequestHandler):
    """Sends half a clip, and closes; for a while then nothing at all."""

    times: ClassVar[list[float]] = []

    def do_GET(self):
        self.times.append(time.monotonic())
        if len(self.times) == 2:
            self.send_error(503)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *arguments):
        return


def test_a_source_that_ends_is_opened_again(watch, clip, free_port):
    Broken.times.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Broken) as server:
        server.content = clip.read_bytes()
        threading.Thread(target=server.serve_forever).start()
        port = server.server_address[1]
        watching = watch(f"http://127.0.0.1:{port}/live.ts", "--metrics-port", str(free_port))
        watching.wait_for(lambda w: w.lines and w.segments[-1]["connection"] == 3)
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/metrics") as answer:
            metrics = answer.read().decode()
        assert watching.end() == 0
        server.shutdown()

    assert "adamml_watch_reconnects_total 2.0" in metrics
    assert "adamml_flops_executed_total" in metrics
    assert any("opened again in 1 s" in line for line in watching.said)
    assert any("opened again in 2 s" in line for line in watching.said)
    first, _, third = Broken.times[:3]
    assert third - first > 3
    seconds = [segment["seconds"] for segment in watching.segments]
    assert seconds == sorted(seconds)


def test_a_source_that_is_too_fast_is_followed_by_skipping(watch, clip, tmp_path):
    long = tmp_path / "long.ts"
    ffmpeg("-stream_loop", "29", "-i", clip, "-c", "copy", "-f", "mpegts", long)
    with long.open("rb") as content:
        watching = watch("-", "--every-seconds", "0.5", stdin=content)
        watching.wait_for(lambda w: w.process.poll() is not None)

    segments = watching.segments
    assert sum(segment["skipped"] for segment in segments) > 0
    assert segments[-1]["seconds"] > 200
    assert max(segment["behind_seconds"] for segment in segments) < 3


def test_a_file_that_grows_is_followed(watch, clip, tmp_path):
    content, path = clip.read_bytes(), tmp_path / "growing.ts"
    path.write_bytes(content[: len(content) // 2])
    watching = watch(str(path))
    watching.wait_for(lambda w: w.lines)
    with path.open("ab") as file:
        file.write(content[len(content) // 2 :])
    watching.wait_for(lambda w: w.lines and w.segments[-1]["index"] >= SECONDS - 2)

    assert watching.end() == 0


def test_a_source_without_sound(watch, clip, tmp_path):
    silent = tmp_path / "silent.ts"
    ffmpeg("-i", clip, "-an", "-c", "copy", "-f", "mpegts", silent)
    with silent.open("rb") as content:
        watching = watch("-", stdin=content)
        watching.wait_for(lambda w: w.process.poll() is not None)

    assert {s["modalities"]["audio"]["decision"] for s in watching.segments} == {"unavailable"}


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
