"""A row says what the service's answer says, in both formats."""

import json

import pytest

from batch.formats import FORMATS
from batch.rows import answer_row, problem_code, problem_row
from model.common.errors import VideoTooLongError
from model.inference.classification import ClassifyOptions
from model.inference.loading import load_classifier
from service.routes.responses import ClassifyAnswer, ModelOut
from tests.support.moving_clip import moving_clip


@pytest.fixture(scope="module", params=[{}, {"every_seconds": 1.0, "policy": "all"}])
def answer(request, tmp_path_factory):
    clip = moving_clip(tmp_path_factory.mktemp("rows") / "clip.mp4", seconds=2.5, sound=False)
    return load_classifier(threads=1).classify(clip, ClassifyOptions(**request.param))


def test_a_row_says_what_the_service_says(answer):
    model = ModelOut(name="m", version="1")
    document = ClassifyAnswer.of(answer, request_id="r", model=model).model_dump()
    row = answer_row("clip.mp4", answer, model="1")

    for name in ("predictions", "segments", "timeline", "warnings"):
        assert row[name] == document[name], name
    for name, value in document["compute"].items():
        assert row[name] == value, name
    assert (row["label"], row["score"]) == (
        answer.predictions[0].label,
        row["predictions"][0]["score"],
    )
    assert row["duration_seconds"] == document["video"]["duration_seconds"]
    assert row["threshold"] == document["policy"]["threshold"]
    assert next(iter(row)) == "path"


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def test_both_formats_hold_all_of_a_row(answer):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        answer_row("clip.mp4", answer, model="1"),
        problem_row("bad.mp4", "unreadable", "caf\udce9", model="1"),
    ]

    lines = FORMATS["jsonl"].to_bytes(rows).decode().splitlines()
    table = parquet.read_table(pyarrow.BufferReader(FORMATS["parquet"].to_bytes(rows)))

    assert [json.loads(line) for line in lines] == rows
    assert without_nulls(table.to_pylist()) == without_nulls(rows)


def test_codes_of_problems():
    assert problem_code(VideoTooLongError()) == "video_too_long"
    assert problem_code(FileNotFoundError()) == "unreadable"
    assert problem_code(KeyError()) == "internal_error"
