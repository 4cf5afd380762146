"""Judging real answers: of a tiny untrained model, with thresholds that decide everything."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from model.inference.classification import ClassifyOptions
from model.inference.loading import load_classifier
from training.synth.evaluation import evaluate_selections
from training.synth.truth import read_truth, write_truth


@pytest.fixture(scope="module")
def classifier(tiny_bundle):
    return load_classifier(tiny_bundle)


def judged(classifier, data_set, threshold):
    folder, plans = data_set
    options = ClassifyOptions(segments=5, threshold=threshold)
    report = evaluate_selections(classifier, folder, "val", options)
    return report, [plan for plan in plans if plan.split == "val"]


def test_who_keeps_everything_finds_all_and_drops_nothing(classifier, data_set):
    report, plans = judged(classifier, data_set, 0.0)

    assert (report.num_videos, report.num_segments) == (len(plans), 5 * len(plans))
    for agreement in report.agreement.values():
        assert (agreement.recall, agreement.specificity) == (1.0, 0.0)
        assert agreement.balanced_accuracy == 0.5


def test_who_keeps_next_to_nothing_misses_nearly_all(classifier, data_set):
    """Where nothing exceeds the threshold, the one likeliest modality of a video is kept."""
    report, plans = judged(classifier, data_set, 1.0)
    informative, others = 2 * len(plans), 3 * len(plans)
    kept = sum(
        agreement.recall * informative + (1 - agreement.specificity) * others
        for agreement in report.agreement.values()
    )

    assert kept == pytest.approx(len(plans))


def test_modalities_are_judged_one_by_one(classifier, data_set):
    """One modality alone everywhere: its recall is 1, and its specificity 0."""
    folder, _ = data_set
    options = ClassifyOptions(segments=5, threshold=0.0, modalities=frozenset({"audio"}))
    agreement = evaluate_selections(classifier, folder, "val", options).agreement

    assert agreement["audio"].recall == 1.0
    assert agreement["rgb"].recall == agreement["flow"].recall == 0.0


def test_a_truth_of_other_clips_is_refused(classifier, data_set, tmp_path):
    folder, _ = data_set
    (tmp_path / "clips").symlink_to(folder / "clips")
    (tmp_path / "manifest.csv").write_text((folder / "manifest.csv").read_text())
    write_truth(tmp_path / "truth.jsonl", list(read_truth(folder / "truth.jsonl").values())[:1])

    with pytest.raises(ValueError, match=r"truth.jsonl does not tell of clips/class0/"):
        evaluate_selections(classifier, tmp_path, "val", ClassifyOptions(segments=5))


def test_by_command(data_set, tiny_bundle):
    """Five segments are the bundle's own choice."""
    command = ["evaluate", str(data_set[0]), "--model", str(tiny_bundle), "--split", "val"]

    shown = CliRunner().invoke(app, [*command, "--truth"])
    document = CliRunner().invoke(app, [*command, "--truth", "--json"])
    both = CliRunner().invoke(app, [*command, "--truth", "--frontier"])

    assert shown.exit_code == 0, shown.output
    told = json.loads(document.stdout)
    assert told["num_videos"] == 4
    assert set(told["agreement"]) == {"rgb", "audio", "flow"}
    balanced = told["agreement"]["rgb"]["balanced_accuracy"]
    assert f"{100 * balanced:.1f} %" in shown.stdout.split("rgb")[1].splitlines()[0]
    assert both.exit_code == 2
    assert "excludes" in both.output
