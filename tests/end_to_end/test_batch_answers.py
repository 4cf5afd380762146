"""An archive's rows are the service's answers; `make test-batch` takes those of BATCH_VIDEOS."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VIDEOS = os.environ.get("BATCH_VIDEOS")
NUM_CLIENTS = 2
# Another number of threads rounds otherwise.
ROUNDING = 1e-4


@pytest.fixture
def clips(clip, silent_clip):
    return sorted(Path(VIDEOS).resolve().rglob("*.mp4")) if VIDEOS else [clip, silent_clip]


@pytest.fixture
def rows(clips, tmp_path):
    (tmp_path / "list.txt").write_text("\n".join(map(str, clips)))
    command = ["batch", tmp_path / "list.txt", tmp_path / "rows", "--json"]
    subprocess.run([sys.executable, "-m", "cli.main", *map(str, command)], check=True, cwd=ROOT)
    parts = (tmp_path / "rows").glob("part-*")
    found = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    return {row["path"]: row for row in found}, len(found)


def decisions(segments):
    return [
        {name: modality["decision"] for name, modality in segment["modalities"].items()}
        for segment in segments
    ]


@pytest.mark.timeout(3600)
def test_rows_are_what_the_service_answers(server, clips, rows):
    def asked(path):
        headers = {"content-type": "video/mp4"}
        answer = server.client.post("/classify", content=path.read_bytes(), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    by_path, count = rows
    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        answers = dict(zip(map(str, clips), pool.map(asked, clips), strict=True))
    furthest = 0.0

    assert count == len(by_path) == len(clips)
    for path, answer in answers.items():
        row, best = by_path[path], answer["predictions"][0]
        assert (row["problem_code"], row["label"]) == (None, best["label"])
        assert row["gflops"] == pytest.approx(answer["compute"]["gflops"])
        assert decisions(row["segments"]) == decisions(answer["segments"])
        furthest = max(furthest, abs(row["score"] - best["score"]))
    sys.stdout.write(f"\n{count} rows, one a clip; scores differ by {furthest:.1e} at most\n")
    assert furthest < ROUNDING
