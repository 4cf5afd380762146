"""adamml batch, whole: the classifier's answers, a row for every file, on after every kill."""

import contextlib
import functools
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from model.common.errors import ClassificationError
from model.inference.loading import load_classifier
from tests.support.clips import SHARED, ffmpeg
from tests.support.moving_clip import moving_clip

AV13 = SHARED / "data" / "av13" / "videos"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_clip(tmp_path_factory.mktemp("batch") / "clip.mp4", seconds=1)


def run(*arguments):
    result = CliRunner().invoke(app, ["batch", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def rows_of(folder):
    lines = [line for part in folder.glob("part-*.jsonl") for line in part.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def without_seconds(row):
    return {name: value for name, value in row.items() if name != "seconds_by_stage"}


@pytest.mark.skipif(not AV13.is_dir(), reason="the development data are not here")
def test_answers_are_the_classifiers(tmp_path):
    from batch.rows import answer_row

    clips = sorted(AV13.rglob("*.mp4"))[::150]
    (tmp_path / "list.txt").write_text("\n".join(map(str, clips)))

    summary = run(tmp_path / "list.txt", tmp_path / "out")

    classifier = load_classifier(threads=1)
    expected = [
        answer_row(str(path), classifier.classify(path), model=classifier.version) for path in clips
    ]
    rows = sorted(rows_of(tmp_path / "out"), key=lambda row: row["path"])
    assert [*map(without_seconds, rows)] == [*map(without_seconds, expected)]
    assert summary["answered"] == summary["videos"] == len(clips)
    assert summary["gflops"] == pytest.approx(sum(row["gflops"] for row in rows))
    assert sum(summary["labels"].values()) == len(clips)


def test_bad_files_are_rows_with_their_codes(tmp_path, clip):
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "good.mp4").hardlink_to(clip)
    (videos / "empty.mp4").touch()
    (videos / "garbage.mp4").write_bytes(b"no video at all " * 100)
    (videos / "cut.mp4").write_bytes(clip.read_bytes()[:1000])
    (videos / "gone.mp4").symlink_to("nowhere")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", videos / "sound.mp4")
    moving_clip(videos / "long.mp4", seconds=4)
    (tmp_path / "list.csv").write_text(
        "path\n" + "\n".join(f"videos/{name}" for name in os.listdir(videos))  # noqa: PTH208
    )

    summary = run(tmp_path / "list.csv", tmp_path / "out", "--max-video-seconds", 2)

    rows = {Path(row["path"]).stem: row for row in rows_of(tmp_path / "out")}
    assert {name: row["problem_code"] for name, row in rows.items()} == {
        "good": None,
        "empty": "empty_upload",
        "garbage": "undecodable_video",
        "cut": "undecodable_video",
        "gone": "unreadable",
        "sound": "no_video_stream",
        "long": "video_too_long",
    }
    assert "nowhere" in rows["gone"]["problem_detail"] or "gone" in rows["gone"]["problem_detail"]
    assert summary["problems"]["undecodable_video"] == 2
    assert (summary["videos"], summary["answered"]) == (7, 1)


def test_options_reach_the_classifier(tmp_path, clip):
    (tmp_path / "list.txt").write_text(str(clip))
    options = ["--every-seconds", 0.5, "--modalities", "rgb", "--top-k", 2, "--threshold", 0.1]
    run(tmp_path / "list.txt", tmp_path / "out", *options)

    (row,) = rows_of(tmp_path / "out")

    assert (len(row["segments"]), len(row["predictions"]), row["threshold"]) == (2, 2, 0.1)
    assert row["gflops_by_component"]["audio"] == 0
    assert row["timeline"][-1]["end_seconds"] == row["duration_seconds"]


def test_shards_together_have_every_row_once(tmp_path, clip):
    videos = many(tmp_path / "videos", clip, 5)
    for number in (1, 2):
        run(videos, tmp_path / "out", "--shard", f"{number}/2", "--workers", 1)
    again = run(videos, tmp_path / "out")

    paths = [row["path"] for row in rows_of(tmp_path / "out")]
    assert sorted(paths) == sorted(map(str, videos.iterdir()))
    assert (again["videos"], again["videos_before"]) == (0, 5)


def many(folder, clip, count):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.mp4").hardlink_to(clip)
    return folder


# Rows are few here, so parts are smaller than they are in earnest.
PROGRAM = "import sys, batch.parts as parts; parts.PART_ROWS = 2; from cli.main import main; main()"


def start(videos, output):
    command = [sys.executable, "-c", PROGRAM, "batch", str(videos), str(output)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def test_killed_three_times_it_ends_with_every_row_once(tmp_path, clip):
    videos, output = many(tmp_path / "videos", clip, 24), tmp_path / "out"
    for _ in range(3):
        before = len(list(output.glob("part-*")))
        process = start(videos, output)
        while len(list(output.glob("part-*"))) == before:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert len(rows_of(output)) < 24

    assert start(videos, output).wait() == 0

    rows = rows_of(output)
    assert sorted(row["path"] for row in rows) == sorted(map(str, videos.iterdir()))
    assert {row["problem_code"] for row in rows} == {None}


def test_a_run_that_is_told_to_stop_writes_what_it_has(tmp_path, clip):
    videos, output = many(tmp_path / "videos", clip, 200), tmp_path / "out"
    process = start(videos, output)
    while not list(output.glob("part-*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)

    assert process.wait() == 143
    assert 2 <= len(rows_of(output)) < 200


@contextlib.contextmanager
def served(folder):
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_videos_may_lie_behind_http(tmp_path, clip):
    pytest.importorskip("aiohttp")
    pytest.importorskip("fsspec")
    videos = many(tmp_path / "videos", clip, 3)
    (videos / "list.txt").write_text("0000.mp4\n0001.mp4\nnowhere.mp4\n0002.mp4")
    with served(videos) as address:
        run(f"{address}/list.txt", tmp_path / "out", "--workers", 1)
        folder = run(f"{address}/", tmp_path / "other", "--workers", 1)

    rows = {row["path"]: row for row in rows_of(tmp_path / "out")}
    assert rows.pop("nowhere.mp4")["problem_code"] == "unreadable"
    assert sorted(rows) == ["0000.mp4", "0001.mp4", "0002.mp4"]
    assert len({row["label"] for row in rows.values()}) == 1
    assert folder["answered"] == 3


def test_parts_may_be_parquet(tmp_path, clip):
    pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "list.txt").write_text(f"{clip}\nnowhere.mp4")
    run(tmp_path / "list.txt", tmp_path / "out", "--format", "parquet")

    rows = parquet.read_table(tmp_path / "out" / "part-00001-of-00001-000000.parquet").to_pylist()
    assert {row["problem_code"] for row in rows} == {None, "unreadable"}


def test_an_option_that_cannot_be_is_refused_in_a_line(tmp_path, clip):
    (tmp_path / "list.txt").write_text(str(clip))
    arguments = ["batch", str(tmp_path / "list.txt"), str(tmp_path / "out"), "--budget", "0.0001"]

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 1
    assert "BudgetTooSmallError: budget is 0.0001" in result.output
    assert not isinstance(result.exception, ClassificationError)
    assert list((tmp_path / "out").glob("[!.]*")) == []
