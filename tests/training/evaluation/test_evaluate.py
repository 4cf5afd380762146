"""Measuring real answers of a tiny untrained model."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from model.inference.loading import load_runtime
from tests.support.clips import colour_clip
from training.data.sources.manifest import Sample
from training.evaluation.evaluate import compute_outputs
from training.evaluation.report import evaluate_runtime


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    parts = [("red", 2), ("green", 2)]
    return colour_clip(folder / "clip.mp4", parts, tones=[(440, 2), (880, 2)])


@pytest.fixture(scope="module")
def runtime(tiny_bundle):
    return load_runtime(tiny_bundle)


def sample(path, *labels, **changes):
    return Sample(path=path, labels=labels, split="test", group="g", **changes)


def test_a_part_is_judged_as_if_it_were_the_video(runtime, clip, tmp_path):
    green = colour_clip(tmp_path / "green.mp4", [("green", 2)], tones=[(880, 2)])
    whole, part, alone = compute_outputs(
        runtime,
        [sample(clip, "run"), sample(clip, "run", start_seconds=2.0), sample(green, "run")],
        segments=2,
    )
    rgb = runtime.spec.modality_names.index("rgb")

    from_alone, from_whole = (
        np.abs(part.logits[:, rgb] - other.logits[:, rgb]).max() for other in (alone, whole)
    )
    # Untrained networks tell red from green by little, but by far more than by how it is coded.
    assert from_alone < 0.1 * from_whole
    assert whole.labels == (2,)


def test_several_labels_are_judged_by_mean_average_precision(runtime, clip):
    report = evaluate_runtime(runtime, [sample(clip, "run", "sing"), sample(clip)])

    assert report.primary_metric == "mAP"
    # Both clips are the same: every label's precision is that of a tie.
    assert {score.accuracy for score in report.rows.values()} == {0.5}
    assert "| modalities | mAP | GFLOPs |" in report.as_table()


def test_a_label_that_the_model_lacks_is_refused(runtime, clip):
    with pytest.raises(ValueError, match=r"clip.mp4: \['fly'\] are no labels of tiny, which has"):
        compute_outputs(runtime, [sample(clip, "fly")])


def test_a_missing_file_is_left_out(runtime, clip, caplog):
    report = evaluate_runtime(runtime, [sample(clip, "run"), sample(Path("absent.mp4"), "run")])

    assert (report.num_videos, report.num_skipped) == (1, 1)
    assert "absent.mp4 is left out" in caplog.text


def evaluate(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_the_command_reads_folders_and_refuses_an_empty_split(tiny_bundle, clip, tmp_path):
    for label in ("run", "sing"):
        (tmp_path / "test" / label).mkdir(parents=True)
        (tmp_path / "test" / label / "clip.mp4").write_bytes(clip.read_bytes())
    answer = evaluate(tmp_path, "--model", tiny_bundle, "--json")
    refused = evaluate(tmp_path, "--model", tiny_bundle, "--split", "val")

    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["videos"] == 2
    assert {row["top5"] for row in json.loads(answer.stdout)["rows"].values()} == {1.0}
    assert refused.exit_code != 0
    assert "no video is in val" in str(refused.exception)
