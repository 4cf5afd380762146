"""Pictures of evaluations and runs: the numbers behind them, and that they are drawn."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.support.clips import colour_clip
from tests.support.curves import write_curved
from training.evaluation.figures.confusion import confusion_matrix
from training.evaluation.figures.evaluation_figures import NAMES
from training.evaluation.figures.reliability import reliability
from training.evaluation.figures.selection import selection_by_class
from training.evaluation.figures.served_outputs import Served
from training.evaluation.figures.training_curves import draw_training


@pytest.fixture
def served():
    """Four videos of two classes out of three; the last is taken for the first class."""
    return Served(
        labels=("run", "sing", "swim"),
        modalities=("rgb", "audio"),
        truths=np.array([0, 0, 1, 1]),
        scores=np.array([[0.95, 0.05, 0], [0.55, 0.45, 0], [0.1, 0.9, 0], [1.0, 0, 0]]),
        selection=np.array([[1, 0], [0.5, 0], [0, 1], [0, 0.5]]),
    )


def has_colours(path):
    picture = cv2.imread(str(path))
    return picture is not None and len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


def test_confusion_counts_videos_by_true_and_predicted_class(served):
    assert confusion_matrix(served).tolist() == [[2, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_selection_is_a_mean_by_class_and_unknown_without_a_video(served):
    rates = selection_by_class(served)

    assert rates[:2].tolist() == [[0.75, 0], [0, 0.75]]
    assert np.isnan(rates[2]).all()


def test_reliability_bins_scores_of_the_best_label(served):
    found = reliability(served)

    assert found.counts.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert found.accuracy[9] == pytest.approx(2 / 3)
    assert found.score[9] == pytest.approx(0.95)
    expected = (abs(1 - 0.55) + 3 * abs(2 / 3 - 0.95)) / 4
    assert found.error == pytest.approx(expected)


def test_evaluate_writes_all_pictures(tiny_bundle, tmp_path):
    model = write_curved(tiny_bundle, tmp_path / "curved.adamml")
    clip = colour_clip(tmp_path / "clip.mp4", [("red", 2)], tones=[(440, 2)])
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"path,label,split\n{clip},run,test\n")
    folder = tmp_path / "made" / "figures"

    command = ["evaluate", str(manifest), "--model", str(model), "--figures", str(folder)]
    result = CliRunner().invoke(app, command)

    assert result.exit_code == 0, (result.output, result.exception)
    assert {path.name for path in folder.iterdir()} == {*NAMES}
    assert all(has_colours(path) for path in folder.iterdir())


def test_curves_of_a_log(tmp_path):
    lines = [
        {"kind": "step", "stage": "rgb", "loss": 9.0},
        {"kind": "epoch", "stage": "rgb", "epoch": 0, "loss": 2.0, "val_accuracy": 0.5},
        {"kind": "epoch", "stage": "rgb", "epoch": 1, "loss": 1.0, "val_accuracy": 0.75},
        {"kind": "epoch", "stage": "warmup", "epoch": 0, "val_selection": {"rgb": 0.5}},
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))

    assert has_colours(draw_training(tmp_path))


def test_a_log_without_epochs_has_no_curves(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"kind": "step", "stage": "rgb", "loss": 9.0}\n')

    assert draw_training(tmp_path) is None
