"""A suite trained, stopped, gone on with, and scored, on the clips of the tiny run."""

import pytest

from model.runtime.torch import TorchRuntime
from tests.support.training_run import RUN
from training.data.sources.manifest import read_manifest
from training.evaluation.evaluate import compute_outputs, score_adaptive, score_fixed
from training.experiment import running
from training.experiment.running import run_suite
from training.experiment.suite import read_suite, run_config

SUITE = """
title = "Tiny"
base = "base.toml"
output = "runs"
seeds = [0, 1]
[common]
joint = { warmup_epochs = 0, alternating_epochs = 1, finetune_epochs = 0 }
[runs]
policy = { joint.policy_learning_rate = 0.5 }
fusion = { joint.keeps_all = true }
alone = { joint.keeps_all = true, joint.drop_audio = 0.0, model.modalities = ["audio"] }
[[rows]]
name = "adaptive"
run = "policy"
[[rows]]
name = "random"
run = "policy"
decisions = "random"
[[rows]]
name = "half"
run = "policy"
decisions = "random"
rates = { rgb = 0.5, audio = 0.5, flow = 0.5 }
[[rows]]
name = "fusion"
run = "fusion"
decisions = "all"
is_reference = true
[[rows]]
name = "audio"
run = "alone"
decisions = "all"
"""


@pytest.fixture(scope="module")
def suite(run_folder, tmp_path_factory):
    """In a folder of its own for each worker, as one test removes what another needs."""
    folder = tmp_path_factory.mktemp("suite")
    text = RUN.format(output="unused")
    for name in ("spec.json", "manifest.csv", "cache"):
        text = text.replace(f'"{name}"', f'"{run_folder / name}"')
    (folder / "base.toml").write_text(text)
    (folder / "suite.toml").write_text(SUITE)
    suite = read_suite(folder / "suite.toml")
    run_suite(suite)
    return suite


def test_every_row_has_a_score_for_every_seed(suite):
    scores = run_suite(suite)

    assert {name: sorted(of_seeds) for name, of_seeds in scores.items()} == {
        row.name: [0, 1] for row in suite.rows
    }
    assert scores["fusion"][0].selection["rgb"] == 1
    assert list(scores["audio"][0].selection) == ["audio"]
    # Half of what is there, which for sound is less than half of all segments.
    half, there = scores["half"][0].selection, scores["fusion"][0].selection
    for name, rate in half.items():
        assert rate == pytest.approx(0.5 * there[name], abs=0.12)


def test_scores_are_those_of_an_ordinary_evaluation(suite):
    scores = run_suite(suite)
    for run, row in (("policy", "adaptive"), ("fusion", "fusion")):
        config = run_config(suite, run, 1)
        runtime = TorchRuntime.load(config.output / "tiny.safetensors", device="cpu")
        samples = read_manifest(config.data.manifest).split("test")
        outputs = compute_outputs(runtime, samples)
        if row == "fusion":
            expected = score_fixed(runtime, outputs, runtime.spec.modality_names)
        else:
            expected = score_adaptive(runtime, outputs, runtime.spec.threshold)

        assert scores[row][1].accuracy == expected.accuracy
        assert scores[row][1].gflops == pytest.approx(expected.gflops)
        assert scores[row][1].selection == pytest.approx(expected.selection)


def test_without_a_policy_everything_is_served(suite):
    config = run_config(suite, "fusion", 0)
    spec = TorchRuntime.load(config.output / "tiny.safetensors", device="cpu").spec

    assert (spec.threshold, spec.curve) == (0.0, ())


def test_what_is_trained_is_not_trained_again(suite, monkeypatch):
    trained = []

    def train(config):
        trained.append(config.seed)
        return real(config)

    real = running.train
    monkeypatch.setattr(running, "train", train)
    run_suite(suite)
    assert not trained

    (run_config(suite, "fusion", 1).output / "tiny.safetensors").unlink()
    run_suite(suite)
    assert trained == [1]


def test_a_wrong_run_stops_the_suite_before_anything_is_trained(suite, monkeypatch):
    monkeypatch.setattr(running, "train", lambda config: pytest.fail("trained"))
    wrong = suite.model_copy(
        update={"runs": {**suite.runs, "alone": {"joint": {"wrong": 1}}}, "seeds": (7,)}
    )
    with pytest.raises(ValueError, match=r"joint\.wrong"):
        run_suite(wrong)
