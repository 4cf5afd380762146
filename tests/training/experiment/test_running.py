"""A suite trained, stopped, gone on with, and scored, on the clips of the tiny run."""

import pytest

from model.files.checkpoint import read_spec
from model.inference.operating_points import choose_point
from model.runtime.torch import TorchRuntime
from tests.support.training_run import RUN
from training.data.sources.manifest import read_manifest
from training.evaluation.evaluate import compute_outputs, score_adaptive, score_fixed
from training.experiment import running
from training.experiment import scores as scoring
from training.experiment.running import run_suite
from training.experiment.suite import Row, read_suite, run_config

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
    scores = run_suite(suite).scores

    assert {name: sorted(of_seeds) for name, of_seeds in scores.items()} == {
        row.name: [0, 1] for row in suite.rows
    }
    assert scores["fusion"][0].score.selection["rgb"] == 1
    assert list(scores["audio"][0].score.selection) == ["audio"]
    # Half of what is there, which for sound is less than half of all segments.
    half, there = scores["half"][0].score.selection, scores["fusion"][0].score.selection
    for name, rate in half.items():
        assert rate == pytest.approx(0.5 * there[name], abs=0.12)


def test_scores_are_those_of_an_ordinary_evaluation(suite):
    scores = run_suite(suite).scores
    for run, row in (("policy", "adaptive"), ("fusion", "fusion")):
        config = run_config(suite, run, 1)
        runtime = TorchRuntime.load(config.output / "tiny.safetensors", device="cpu")
        samples = read_manifest(config.data.manifest).split("test")
        outputs = compute_outputs(runtime, samples)
        if row == "fusion":
            expected = score_fixed(runtime, outputs, runtime.spec.modality_names)
        else:
            expected = score_adaptive(runtime, outputs, runtime.spec.threshold)

        score = scores[row][1].score
        assert score.accuracy == expected.accuracy
        assert score.gflops == pytest.approx(expected.gflops)
        assert score.selection == pytest.approx(expected.selection)


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


def test_decisions_are_judged_where_the_truth_of_every_segment_is_known(suite):
    config = run_config(suite, "policy", 0)
    assert run_suite(suite).scores["adaptive"][0].agreement is None
    samples = read_manifest(config.data.manifest).split("test")
    segments = read_spec(config.output / "tiny.safetensors").default_segments
    file = config.data.manifest.parent / "segments.csv"
    columns = [f"{kind}{number}" for kind in ("picture", "sound") for number in range(segments)]
    rows = [[one.path.name, *["ok"] * segments, *["own"] * segments] for one in samples]
    file.write_text("\n".join(",".join(row) for row in [["path", *columns], *rows]))
    try:
        found = run_suite(suite).scores["adaptive"][0].agreement
    finally:
        file.unlink()

    assert set(found) == {"rgb", "audio", "flow"}
    assert found["audio"].recall == 0
    assert all(one.information == 0 for one in found.values()), "all is alike"


def test_a_budget_chooses_from_the_curve(suite):
    row = Row(name="cheap", run="policy", budget=1.0)
    config = run_config(suite, "policy", 0)
    checkpoint = config.output / "tiny.safetensors"
    spec = read_spec(checkpoint)
    point = choose_point(spec, budget=1.0, max_gflops=None)
    runtime = TorchRuntime.load(checkpoint, device="cpu")
    samples = read_manifest(config.data.manifest).split("test")

    found = scoring.TestedRun(config, checkpoint).score(row)

    outputs = compute_outputs(runtime, samples, segments=point.segments)
    assert found.gflops == pytest.approx(score_adaptive(runtime, outputs, point.threshold).gflops)


def test_promises_of_every_seed_are_measured_where_the_suite_compares(suite):
    assert run_suite(suite).promises == {}

    found = run_suite(suite.model_copy(update={"compares": True})).promises

    assert list(found) == ["policy"]
    for seed, points in found["policy"].items():
        config = run_config(suite, "policy", seed)
        curve = read_spec(config.output / "tiny.safetensors").curve
        assert [point.promised for point in points] == list(curve)
        assert all(point.score.gflops > 0 for point in points)
    assert list(found["policy"]) == list(suite.seeds)
