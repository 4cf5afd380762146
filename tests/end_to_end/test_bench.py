"""The load generator against a running service: counts, expectations, exit status."""

import json
import subprocess
import sys

from server_process import free_port

COMMAND = [sys.executable, "-m", "cli.main", "bench", "serve"]


def bench(*arguments):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True)


def test_a_mixed_load_is_counted_and_as_expected(server, clip, silent_clip):
    asked = ("--requests", 8, "--clients", 2, "--bad-share", 0.5, "--query", "segments=1", "--json")
    finished = bench(clip, silent_clip, "--url", server.url, *asked)
    assert finished.returncode == 0, finished.stderr
    summary = json.loads(finished.stdout)
    assert summary["requests"] == sum(summary["outcomes"].values()) == 8
    assert summary["unexpected"] == 0
    assert summary["outcomes"]["200 ok"] >= 1
    assert any(name.startswith("422 ") for name in summary["outcomes"])
    assert 0 < summary["latency_seconds"]["p50"] <= summary["latency_seconds"]["max"]
    assert summary["gflops"] > 0


def test_a_refused_video_is_unexpected_and_fails_the_command(server, tmp_path):
    (tmp_path / "nonsense.mp4").write_bytes(b"no video")
    asked = ("--requests", 1, "--clients", 1, "--bad-share", 0)
    finished = bench(tmp_path, "--url", server.url, *asked)
    assert finished.returncode == 1
    assert "422 undecodable_video" in finished.stdout


def test_nobody_answers(clip):
    asked = ("--requests", 1, "--clients", 1, "--bad-share", 0)
    finished = bench(clip, "--url", f"http://127.0.0.1:{free_port()}", *asked)
    assert finished.returncode == 1
    assert "0 ConnectError" in finished.stdout


def test_no_files(tmp_path):
    finished = bench(tmp_path)
    assert finished.returncode == 1
    assert "no file below" in finished.stderr
